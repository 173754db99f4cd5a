import MohawkFiles
import MohawkLayers
import MohawkTensor

/// The geometry of a kind of mixer, from which its mixers are made. What the rest of the library has to know of a kind is
/// said here, or by the mixer itself; nothing else lists kinds.
///
/// A geometry that is `Codable` stands in `config.json` of this project's own format, under the kind's name with `_` for
/// `-`, its keys in snake case. `modelDim` is left out there: it is the model's `hidden_size`.
public protocol MixerGeometry: Equatable, Sendable {
  /// What is made of it.
  associatedtype Mixer: CausalMixer

  /// Its name in `config.json` and recipes.
  static var kind: MixerKind { get }
  /// Its name in tables and sentences, such as `Mamba-2`.
  static var title: String { get }
  /// Whether the Python code that lies beside exported weights can compute it.
  static var hasPythonCode: Bool { get }
  /// The geometry of a student's mixers.
  /// - Throws: `MohawkError` for what the kind does not have, naming the recipe's key.
  static func student(_ request: StudentMixerRequest) throws -> Self

  /// Width of what goes in and comes out.
  var modelDim: Int { get }
  /// What the geometry is, in words, for tables.
  var facts: [(name: String, value: String)] { get }
  /// What is wrong with the numbers, as a sentence; nil when a mixer can be made of them.
  var unsupportedFeature: String? { get }
  /// The mixer; its parameters get their names from `scope`. Its output projection is called `out_proj`.
  func mixer(_ place: MixerPlace, _ scope: ParameterScope) -> Mixer
  /// Whether mixers of both, with the same weights, compute the same.
  func mixesLike(_ other: Self) -> Bool
}

extension MixerGeometry {
  public static var hasPythonCode: Bool { false }
  public var unsupportedFeature: String? { nil }
  public func mixesLike(_ other: Self) -> Bool { self == other }

  /// Refuses to be a student.
  public static func student(_ request: StudentMixerRequest) throws -> Self {
    throw MohawkError(
      .unsupported, "\(title) is no mixer of students", at: "student.mixer",
      remedy: "set student.mixer to auto, or to another kind")
  }
}

/// Where in a model a mixer is made.
public struct MixerPlace {
  /// Layers of the model: fresh output projections are scaled by it.
  public var depth: Int
  /// Turns the windows of all mixers off; nil where the model has none.
  public var windowSwitch: WindowSwitch?
  /// Where the model lives.
  public var device: Device

  /// A place in a model of `depth` layers.
  public init(depth: Int = 1, windowSwitch: WindowSwitch? = nil, device: Device = .cpu) {
    self.depth = depth
    self.windowSwitch = windowSwitch
    self.device = device
  }
}

extension MixerGeometry {
  /// Whether another is of the same kind and equal.
  package func equals(_ other: any MixerGeometry) -> Bool { other as? Self == self }
}
