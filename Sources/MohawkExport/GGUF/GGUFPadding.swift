import MohawkMixers

/// The groups of zeros that make a Mamba-2 mixer twice as wide as its model, as llama.cpp's hybrids must be.
///
/// Groups share nothing: a head reads the B and C of its own group, and the norm treats each group on its own. So
/// groups whose x, gate, B, C and columns of the output projection are 0 add nothing, and take nothing from the others.
struct GGUFPadding: Equatable {
  /// Groups, heads and channels that are added.
  let groups, heads, channels: Int

  static let nothing = GGUFPadding(groups: 0, heads: 0, channels: 0)

  private init(groups: Int, heads: Int, channels: Int) {
    self.groups = groups
    self.heads = heads
    self.channels = channels
  }

  /// nil when whole groups do not fill the width.
  init?(_ mamba: Mamba2Configuration) {
    let missing = 2 * mamba.modelDim - mamba.innerDim
    let width = mamba.innerDim / mamba.groups
    guard missing >= 0, missing.isMultiple(of: width) else { return nil }
    self.init(groups: missing / width, heads: missing / width * (mamba.heads / mamba.groups), channels: missing)
  }
}
