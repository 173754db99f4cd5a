import Foundation
import MohawkFiles
import MohawkLayers
import MohawkMixers

extension MixerKind {
  /// Where its geometry stands in `config.json` of this project's own format.
  var jsonKey: String { rawValue.replacingOccurrences(of: "-", with: "_") }
}

/// A geometry whose form in `config.json` has keys of its own: one that is older than that of `Codable` ones, or one with
/// rotary positions, which are written as all formats have them.
protocol KeyedGeometry: MixerGeometry {
  /// Reads the object that stands under the kind's name.
  /// - Throws: `MohawkError` when a key is missing or of the wrong type, or the numbers do not fit each other.
  init(_ json: ModelJSON, modelDim: Int) throws
  /// What stands there.
  var keyed: [String: Any] { get }
}

/// The key of the width, which is the model's and stands there alone.
private let widthKey = "model_dim"

extension MixerGeometry {
  /// The geometry as an object of `config.json`; nil for one that has no form there.
  var json: [String: Any]? {
    if let keyed = (self as? any KeyedGeometry)?.keyed { return keyed }
    guard let geometry = self as? any Encodable else { return nil }
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    guard let data = try? encoder.encode(geometry),
      var object = try? JSONSerialization.jsonObject(with: data) as? [String: Any]
    else { preconditionFailure("\(Self.title)'s geometry cannot be written as JSON") }
    object[widthKey] = nil
    return object
  }
}

extension ModelJSON {
  /// Whether a kind of geometry has a form in `config.json`.
  static func canHold(_ geometry: any MixerGeometry.Type) -> Bool {
    geometry is any Codable.Type || geometry is any KeyedGeometry.Type
  }

  /// Rotary positions as the objects of this project's own format have them.
  static func rotary(_ dimensions: Int, _ headDim: Int, _ base: Double, _ scaling: RotaryScaling) -> [String: Any] {
    var object: [String: Any] = [
      "partial_rotary_factor": Double(dimensions) / Double(headDim), "rope_theta": base,
    ]
    object["rope_scaling"] = scaling.json
    return object
  }

  /// The geometry of a kind of mixer.
  /// - Throws: `MohawkError` when a key is missing, unknown or of the wrong type, or the numbers do not fit each other.
  func geometry(of kind: MixerKind, _ modelDim: Int) throws -> any MixerGeometry {
    let nested = try nested(kind.jsonKey)
    if let type = kind.geometry as? any KeyedGeometry.Type { return try type.init(nested, modelDim: modelDim) }
    guard let type = kind.geometry as? any (MixerGeometry & Decodable).Type else {
      throw MohawkError(.unsupported, "the geometry of \(kind.rawValue) cannot be read", at: nested.path)
    }
    return try nested.decoded(type, modelDim)
  }

  private func decoded<Geometry: MixerGeometry & Decodable>(_ type: Geometry.Type, _ modelDim: Int) throws -> Geometry {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let geometry: Geometry
    do {
      let whole = object.merging([widthKey: modelDim]) { $1 }
      geometry = try decoder.decode(type, from: JSONSerialization.data(withJSONObject: whole))
    } catch let error as DecodingError {
      throw MohawkError(
        .invalidFormat, error.sentence, at: path, remedy: "the keys of \(type.title) are in Documentation/mixers.md")
    }
    if let unknown = object.keys.sorted().first(where: { !(object[$0] is NSNull) && geometry.json?[$0] == nil }) {
      throw MohawkError(
        .unsupported, "the key '\(Self.short(unknown))' is not known for \(type.title)", at: path,
        remedy: "known are: \((geometry.json ?? [:]).keys.sorted().joined(separator: ", "))")
    }
    if let unsupportedFeature = geometry.unsupportedFeature {
      throw MohawkError(.invalidValue, unsupportedFeature, at: path)
    }
    return geometry
  }
}

extension DecodingError {
  /// What is wrong, and with which key.
  fileprivate var sentence: String {
    /// In the snake case of the file.
    func name(_ keys: [any CodingKey]) -> String {
      keys.map { $0.stringValue.map { $0.isUppercase ? "_" + $0.lowercased() : String($0) }.joined() }
        .joined(separator: ".")
    }
    switch self {
    case .keyNotFound(let key, let context): return "the key '\(name(context.codingPath + [key]))' is missing"
    case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
      return "the key '\(name(context.codingPath))' holds something of another type"
    @unknown default: return "this is not the geometry of a mixer"
    }
  }
}
