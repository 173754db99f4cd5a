import Foundation
import MohawkFiles
import MohawkRecipes

/// The layers that a process trains of a student whose layers several processes divide.
public struct LayerPart: Sendable, Equatable, CustomStringConvertible {
  /// Counted from 0, ascending.
  public let layers: [Int]

  /// Some layers, at least one.
  public init(layers: some Collection<Int>) { self.layers = Set(layers).sorted() }

  /// Ranges and numbers such as `0-5` or `0-2,7`.
  /// - Throws: `MohawkError` when it is of another form, or names a layer twice.
  public init(_ text: String) throws {
    var layers: [Int] = []
    for piece in text.split(separator: ",", omittingEmptySubsequences: false) {
      let ends = piece.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
      guard let first = ends.first ?? nil, let last = ends.last ?? nil, ends.count <= 2, first >= 0, first <= last,
        last < 100_000
      else {
        throw MohawkError(
          .invalidValue, "'\(piece)' is no layer and no range of layers", at: "--layers \(text)",
          remedy: "count from 0, such as 0-5 or 0-2,7")
      }
      layers += first...last
    }
    self.init(layers: layers)
    if self.layers.count < layers.count {
      throw MohawkError(.invalidValue, "a layer is named twice", at: "--layers \(text)", remedy: "name each once")
    }
  }

  /// As it is written: `0-2,7`.
  public var description: String {
    var ranges: [ClosedRange<Int>] = []
    for layer in layers {
      if let last = ranges.last, last.upperBound + 1 == layer {
        ranges[ranges.count - 1] = last.lowerBound...layer
      } else {
        ranges.append(layer...layer)
      }
    }
    return ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }.joined(
      separator: ",")
  }
}

/// `part.json`: whose layers a run's folder holds. Its run ends before the first stage that needs the whole student.
struct LayerPartFile: Codable, Equatable {
  /// The layout that this version writes and reads.
  static let currentVersion = 1
  static let fileName = "part.json"

  var version = LayerPartFile.currentVersion
  /// The layers that are trained here, counted from 0.
  var layers: [Int]
  /// All layers that a stage compares, here or elsewhere.
  var compared: [Int]

  /// What a folder holds; nil where its run is of all layers.
  /// - Throws: `MohawkError` when the file cannot be read.
  init?(in folder: RunFolder) throws {
    let path = folder.path + "/" + Self.fileName
    guard folder.has(path) else { return nil }
    let data = try MappedFile(path).withBytes { Data($0) }
    guard let found = try? JSONDecoder().decode(Self.self, from: data), found.version == Self.currentVersion else {
      throw MohawkError(
        .invalidFormat, "which layers this run trains cannot be read", at: path,
        remedy: "train them again in another folder")
    }
    self = found
  }

  init(_ part: LayerPart, compared: [Int]) {
    layers = part.layers
    self.compared = compared
  }

  func write(to folder: RunFolder) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    try AtomicFile.write(try encoder.encode(self) + Data("\n".utf8), to: folder.path + "/" + Self.fileName)
  }
}

extension Recipe {
  /// The stages at the beginning that compare layer by layer, so that processes can divide the layers.
  var layerStages: [StageName] { Array(stages.prefix { self[$0].loss.isOfSingleLayers }) }

  /// Refuses a recipe whose layers cannot be trained apart.
  func requireDivisible() throws {
    guard !layerStages.isEmpty else {
      throw MohawkError(
        .unsupported, "the recipe begins with \(stages[0].rawValue), which trains the whole student", at: "--layers",
        remedy: "leave out --layers, or begin with stage 1 or 2")
    }
    for stage in layerStages where self[stage].clip > 0 && !self[stage].clipPerLayer {
      throw MohawkError(
        .invalidValue,
        "stage \(stage.rawValue) clips the gradients of all layers together, so that no layer can be trained apart",
        at: "\(stage.rawValue).clipPerLayer",
        remedy:
          "give all parts --set \(stage.rawValue).clipPerLayer=true, or --set \(stage.rawValue).clip=0, which decide numbers of the run"
      )
    }
  }
}

extension RunFolder {
  /// Refuses to go on with other layers than a folder's, or with some where it holds all.
  /// - Parameter part: the layers that are asked for; nil for all.
  func requirePart(_ part: LayerPart?) throws {
    let held = try LayerPartFile(in: self).map { LayerPart(layers: $0.layers) }
    if held == part { return }
    if let held {
      throw MohawkError(
        .mismatch, "this folder holds layers \(held) of a run alone", at: path,
        remedy:
          "continue with --layers \(held), join it with the other parts by mohawk merge, or choose another folder")
    }
    guard !has(metrics) else {
      throw MohawkError(
        .mismatch, "this folder holds a run of all layers", at: path,
        remedy: "continue it without --layers, or choose another folder")
    }
  }
}
