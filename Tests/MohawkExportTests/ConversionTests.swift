import MohawkFiles
import MohawkMixers
import MohawkModels
import MohawkTensor
import MohawkWeights
import Testing

@testable import MohawkExport

@Suite struct ConversionTests {
  private func written(_ configuration: DecoderConfiguration) throws -> (TemporaryFolder, Decoder) {
    let folder = try TemporaryFolder()
    let model = TinyModels.model(configuration)
    try model.write(to: folder.path)
    return (folder, model)
  }

  @Test(arguments: [CheckpointFormat.bamba, .mohawk])
  func aHybridBecomesTheSameModelInAnotherFormat(_ format: CheckpointFormat) throws {
    let (source, model) = try written(TinyModels.hybrid())
    let target = try TemporaryFolder()
    try ModelFolder.write(Conversion.open(source.path, as: format), to: target.path)
    let other = try Decoder.open(target.path)
    #expect(other.configuration.format == format)
    withoutGradients { #expect(other(TinyModels.ids).isIdentical(to: model(TinyModels.ids))) }
  }

  @Test func aPureMambaBecomesItsAuthorsAndBack() throws {
    var configuration = TinyModels.hybrid(attention: [], expand: 2)
    configuration.setBlocks(.mixerOnly)
    configuration.format = .mamba2
    let (source, model) = try written(configuration)
    let (authors, back) = (try TemporaryFolder(), try TemporaryFolder())
    try ModelFolder.write(Conversion.open(source.path, as: .stateSpaces), to: authors.path)
    try ModelFolder.write(Conversion.open(authors.path, as: .mamba2), to: back.path)
    let other = try Decoder.open(back.path)
    withoutGradients { #expect(other(TinyModels.ids).isIdentical(to: model(TinyModels.ids))) }
  }

  @Test func aFormatThatCannotHoldAModelSaysWhy() throws {
    let (source, _) = try written(TinyModels.hybrid())
    let error = #expect(throws: MohawkError.self) { try Conversion.open(source.path, as: .llama) }
    #expect(error?.message.contains("layers without attention") == true)
    #expect(error?.remedy?.contains("bamba") == true && error?.remedy?.contains("mohawk") == true)
  }
}

@Suite struct WeightTreeTests {
  @Test func equalLayersAreOneBranch() throws {
    let folder = try TemporaryFolder()
    let model = TinyModels.model(TinyModels.hybrid(attention: [1]))
    try model.write(to: folder.path)
    let tree = WeightTree(try Weights.open(folder.path))
    #expect(tree.elements == model.parameters.count && tree.bytes == 4 * model.parameters.count)
    #expect(tree.types.map(\.dtype) == [.float32])
    let text = tree.lines.joined(separator: "\n")
    #expect(text.contains("0, 2 (2 equal)") && text.contains("conv1d") && text.contains("[64, 32]"))
    // One line a node: no layer is told twice.
    #expect(tree.lines.filter { $0.contains("A_log") }.count == 1)
  }

  @Test func numbersAreGroupedByThousands() {
    #expect([0, 999, 1000, 1_234_567].map(WeightTree.grouped) == ["0", "999", "1,000", "1,234,567"])
  }
}
