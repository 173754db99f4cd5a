import Foundation
import MohawkFiles
import Testing

@testable import MohawkModels

@Suite struct ModelPathTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func make(_ path: String, file: String? = nil) throws {
    try FileManager.default.createDirectory(atPath: folder.path + "/" + path, withIntermediateDirectories: true)
    if let file { try folder.write(path + "/" + file, Data("{}".utf8)) }
  }

  private func refusal(_ path: String) -> MohawkError? {
    #expect(throws: MohawkError.self) { _ = try ModelPath.resolved(path) }
  }

  @Test func aModelsFolderInTheCacheIsItsOneSnapshot() throws {
    let root = "hub/models--owner--name"
    try make(root + "/snapshots/0123abcd", file: "config.json")
    let snapshot = folder.path + "/" + root + "/snapshots/0123abcd"
    #expect(try ModelPath.resolved(folder.path + "/" + root) == snapshot)
    #expect(try ModelPath.resolved(folder.path + "/hub") == snapshot)
    #expect(try ModelPath.resolved(snapshot) == snapshot)
    try make(root + "/snapshots/4567cdef", file: "config.json")
    let two = refusal(folder.path + "/" + root)
    #expect(
      two?.message.contains("2 snapshots: 0123abcd, 4567cdef") == true && two?.remedy?.contains("0123abcd") == true)
    try make("hub/models--owner--other/snapshots")
    #expect(
      refusal(folder.path + "/hub")?.message.contains("2 models: models--owner--name, models--owner--other") == true)
    #expect(refusal(folder.path + "/hub/models--owner--other")?.message.contains("holds no snapshots") == true)
  }

  @Test func otherPathsMeanThemselves() throws {
    try make("plain", file: "model.safetensors")
    for path in ["nowhere", "/no/where/at/all", "a/b/c", "folder/model.gguf", folder.path + "/plain"] {
      #expect(try ModelPath.resolved(path) == path)
    }
  }

  @Test func theNameOfAModelOnTheHubSaysHowToDownloadIt() {
    let error = refusal("HuggingFaceTB/SmolLM2-135M")
    #expect(error?.code == .missingFile && error?.message.contains("nothing is downloaded here") == true)
    #expect(error?.remedy?.contains("hf download HuggingFaceTB/SmolLM2-135M") == true)
  }

  @Test(arguments: [
    "https://huggingface.co/owner/name", "huggingface.co/owner/name/tree/main", "http://hf.co/owner/name",
    "https://www.huggingface.co/owner/name/",
  ]) func theAddressOfAModelOnTheHubIsItsName(_ address: String) {
    #expect(refusal(address)?.remedy?.contains("`hf download owner/name`") == true)
  }

  @Test(arguments: ["config.json", "model.safetensors", "model.safetensors.index.json"])
  func aPointerToALargeFileIsToldAsOne(_ file: String) throws {
    let model = try TemporaryFolder(copying: "llama")
    if file.contains("index") { try model.remove("model.safetensors") }
    try model.write(file, Data("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 7\n".utf8))
    let error = #expect(throws: MohawkError.self) { try Decoder.open(model.path) }
    #expect(error?.message.contains("Git LFS pointer") == true && error?.location == model.path + "/" + file)
    let single = #expect(throws: MohawkError.self) { try Decoder.open(model.path + "/" + file) }
    #expect(single?.message.contains("Git LFS pointer") == true)
  }

  @Test func booleansAreShownAsTheyAreWritten() throws {
    let model = try TemporaryFolder(copying: "llama")
    try model.configure { $0["alibi"] = true }
    let error = #expect(throws: MohawkError.self) { try Decoder.open(model.path) }
    #expect(error?.message.contains("'alibi' is true,") == true)
  }

  @Test func aModelThatNoMachineHoldsIsRefusedBeforeItIsMade() throws {
    var shape = try GoldenModel("granitemoehybrid").model.configuration
    let counted = try Double(GoldenModel("granitemoehybrid").model.parameters.count)
    #expect(shape.parameterCount == counted)
    try shape.requireMemory(memory: UInt64(counted) * 4)
    let error = #expect(throws: MohawkError.self) { try shape.requireMemory(memory: UInt64(counted) * 4 - 1) }
    #expect(error?.code == .outOfRange && error?.message.contains("parameters") == true)
    (shape.modelDim, shape.vocabulary) = (1 << 24, 1 << 24)
    #expect(throws: MohawkError.self) { try shape.requireMemory(at: "model") }
  }
}
