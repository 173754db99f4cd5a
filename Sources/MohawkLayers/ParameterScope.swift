import MohawkFiles
import MohawkTensor

/// A place in a model's tree of names from which layers ask for their parameters.
///
/// `Linear(in: d, out: 4 * d, scope / "fc1")` cannot exist without its names `…fc1.weight` and `…fc1.bias`. What is
/// missing or misshapen is collected and reported together by `ParameterBuild.finish`.
public struct ParameterScope {
  let build: ParameterBuild
  /// The dotted name of this place; empty at the root.
  public let path: String
  /// What all parameters here and below are.
  public private(set) var traits: ParameterTraits = []

  /// The place `name` below this one.
  public static func / (scope: ParameterScope, name: String) -> ParameterScope {
    ParameterScope(
      build: scope.build, path: scope.path.isEmpty ? name : scope.path + "." + name, traits: scope.traits)
  }

  /// The place with this number below this one, as for the layers of a model.
  public static func / (scope: ParameterScope, index: Int) -> ParameterScope { scope / String(index) }

  /// The same place, whose parameters have these traits too.
  public func with(_ traits: ParameterTraits) -> ParameterScope {
    var result = self
    result.traits.formUnion(traits)
    return result
  }

  /// The parameter `name` at this place; one that cannot be had is a stand-in without its shape until `finish` throws.
  /// - Parameters:
  ///   - name: the last part of its name.
  ///   - shape: the size of every dimension.
  ///   - initial: how a fresh one is drawn.
  ///   - decays: whether weight decay applies; by default for tensors of two and more dimensions.
  ///   - matrices: how many matrices of equal shape it is, one below the other.
  public func parameter(
    _ name: String, _ shape: [Int], _ initial: Initial, decays: Bool? = nil, matrices: Int = 1
  ) -> Tensor {
    let request = ParameterRequest((self / name).path, shape, initial, traits)
    return build.parameter(request, decays: decays ?? (shape.count >= 2), matrices: matrices)
  }
}

/// The construction of one model: where its parameters come from, and all that went wrong.
public final class ParameterBuild {
  private let source: any ParameterSource
  private let location: String
  /// All parameters that were asked for so far.
  public let parameters = ParameterList()
  private var faults: [ParameterFault] = []
  private var known: Set<ParameterFault> = []

  /// - Parameters:
  ///   - source: where the parameters come from.
  ///   - location: what to name in an error, such as the checkpoint's folder.
  public init(_ source: any ParameterSource, location: String = "model") {
    self.source = source
    self.location = location
  }

  /// The place without a name, from which a model starts.
  public var root: ParameterScope { ParameterScope(build: self, path: "") }

  func parameter(_ request: ParameterRequest, decays: Bool, matrices: Int) -> Tensor {
    let (name, shape) = (request.name, request.shape)
    let value: Tensor
    switch source.value(request) {
    case .success(let found):
      precondition(found.shape == shape, "\(name): the source gave \(found.shape) for \(shape)")
      value = found
    case .failure(let fault):
      if known.insert(fault).inserted { faults.append(fault) }
      // A stand-in of one number, because the shape may be absurd; `finish` refuses the model before it is used.
      value = Tensor.zeros(Array(repeating: 1, count: shape.count))
    }
    parameters.append(
      Parameter(name: name, value: value, decays: decays, traits: request.traits, matrices: matrices))
    return value
  }

  /// Checks that every parameter was had and that the source holds nothing else.
  /// - Parameters:
  ///   - unused: names that the source holds and nobody asked for.
  ///   - remedy: what to do when these are all that is wrong.
  /// - Throws: one `MohawkError` that lists everything.
  public func finish(unused: [String] = [], remedy: String? = nil) throws {
    var lines = faults.map(\.description)
    lines += unused.map { "\($0) is not used by this architecture" }
    guard !lines.isEmpty else { return }
    let shown = lines.prefix(20).joined(separator: "; ")
    let more = lines.count > 20 ? "; and \(lines.count - 20) more" : ""
    throw MohawkError(
      .mismatch, "the weights do not fit the architecture: \(shown)\(more)", at: location,
      remedy: faults.isEmpty && remedy != nil
        ? remedy : "check that the weights belong to the model that is described beside them")
  }
}
