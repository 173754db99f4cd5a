import Foundation
import MohawkFiles
import MohawkTensor
import Testing

@testable import MohawkWeights

@Suite struct ShardedWeightsTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func write(_ names: [String], to file: String) throws {
    let tensors = names.enumerated().map { (name: $1, tensor: Tensor.full([2], Double($0))) }
    try Safetensors.write(tensors, to: folder / file)
  }

  private func index(_ map: String, rest: String = "\"metadata\":{\"total_size\":1}") throws -> String {
    let path = folder / "model.safetensors.index.json"
    try AtomicFile.write("{\(rest),\"weight_map\":{\(map)}}", to: path)
    return path
  }

  @Test(arguments: ["sharded-safetensors", "sharded-bin"]) func shardsTogetherAreTheModel(_ name: String) throws {
    let expected = try SafetensorsFile(golden("sharded.safetensors")).contents()
    let store = try Weights.open(golden(name))
    #expect(store is ShardedWeights)
    #expect(try store.contents() == expected)
    #expect(store.shape(of: "none") == nil)
    #expect(refusal { _ = try store.tensor("none") }?.message.contains("'none'") == true)
  }

  @Test func tensorsThatTheIndexDoesNotNameAreThereToo() throws {
    try write(["a", "extra"], to: "one.safetensors")
    try write(["b"], to: "two.safetensors")
    let store = try ShardedWeights(index("\"a\":\"one.safetensors\",\"b\":\"two.safetensors\""))
    #expect(store.names == ["a", "extra", "b"])
    #expect(try store.tensor("extra").floats() == [1, 1])
  }

  /// As for transformers: the index says which files there are, and each file what is in it.
  @Test func aTensorIsReadFromTheShardThatHoldsIt() throws {
    try write(["b", "a"], to: "one.safetensors")
    try write(["c"], to: "two.safetensors")
    let path = try index("\"a\":\"two.safetensors\",\"b\":\"one.safetensors\",\"c\":\"two.safetensors\"")
    let (store, notices) = try told { try ShardedWeights(path) }
    #expect(store.names == ["a", "b", "c"])
    #expect(try store.tensor("a").floats() == [1, 1])
    #expect(
      notices == [
        "\(path): 1 tensors are in another shard than the index says and are read from there: 'a' (the first from one.safetensors)"
      ])
  }

  @Test func whatTheIndexNamesTooMuchIsTold() throws {
    try write(["b"], to: "one.safetensors")
    let path = try index("\"a\":\"one.safetensors\",\"b\":\"one.safetensors\",\"c\":\"one.safetensors\"")
    let (store, notices) = try told { try ShardedWeights(path) }
    #expect(store.names == ["b"])
    #expect(
      notices.count == 1 && notices[0].contains("2 tensors are in none of the shards that the index names: 'a', 'c'"))
  }

  @Test func aTensorInTwoShardsMustBeTheSameInBoth() throws {
    try write(["b", "a"], to: "one.safetensors")
    try write(["b", "c"], to: "two.safetensors")
    let path = try index("\"b\":\"one.safetensors\",\"c\":\"two.safetensors\"")
    #expect(try ShardedWeights(path).names == ["a", "b", "c"])
    try write(["c", "b"], to: "two.safetensors")
    let error = refusal { _ = try ShardedWeights(path) }
    #expect(error?.message == "tensor 'b' is in one.safetensors and, with other numbers, in two.safetensors")
  }

  @Test func allMissingShardsAreListed() throws {
    try write(["b"], to: "b.safetensors")
    let path = try index("\"a\":\"a.safetensors\",\"b\":\"b.safetensors\",\"c\":\"c.safetensors\"")
    let error = refusal { _ = try ShardedWeights(path) }
    #expect(error?.code == .missingFile && error?.location == path)
    #expect(error?.message == "2 of 3 shards are missing: 'a.safetensors', 'c.safetensors'")
  }

  @Test func aDamagedShardIsNamed() throws {
    try AtomicFile.write("no tensors here", to: folder / "one.safetensors")
    let error = refusal { _ = try ShardedWeights(index("\"a\":\"one.safetensors\"")) }
    #expect(error?.location == folder / "one.safetensors")
  }

  @Test func aShardMayBeALinkToElsewhere() throws {
    let blobs = try TemporaryFolder()
    try write(["a"], to: "blob")
    try FileManager.default.moveItem(atPath: folder / "blob", toPath: blobs / "0123abcd")
    try FileManager.default.createSymbolicLink(
      atPath: folder / "one.safetensors", withDestinationPath: blobs / "0123abcd")
    #expect(try ShardedWeights(index("\"a\":\"one.safetensors\"")).tensor("a").count == 2)
  }

  @Test(arguments: [
    "/etc/passwd", "../one.safetensors", "..", ".", "", "a/b.safetensors", "a\\\\b", "C:one", "one\\u0000.safetensors",
    "one\\n", String(repeating: "x", count: 300),
  ]) func aShardOutsideTheFolderIsRefused(_ file: String) throws {
    let error = refusal { _ = try ShardedWeights(index("\"a\":\"\(file)\"")) }
    #expect(error?.code == .invalidValue)
    #expect(error?.message.contains("not a plain file name") == true)
  }

  @Test(arguments: [
    ("'a' occurs twice", "{\"weight_map\":{\"a\":\"x\",\"a\":\"x\"}}"),
    ("'weight_map' occurs twice", "{\"weight_map\":{\"a\":\"x\"},\"weight_map\":{}}"),
    ("no weight_map", "{}"),
    ("no weight_map", "{\"metadata\":{}}"),
    ("no weight_map", "{\"weight_map\":{}}"),
    ("missing in weight_map", "{\"weight_map\":[]}"),
    ("missing in weight_map", "{\"weight_map\":{\"a\":1}}"),
    ("missing in the index", "[]"),
    ("missing in the index", ""),
    ("missing in the index", "{\"weight_map\":{\"a\":\"x\"}"),
    ("something follows", "{\"weight_map\":{\"a\":\"x\"}} x"),
    ("value is missing", "{\"metadata\":}"),
    ("value is missing", "{\"metadata\":01}"),
    ("value is missing", "{\"metadata\":-}"),
    ("value is missing", "{\"metadata\":1.}"),
    ("value is missing", "{\"metadata\":1e}"),
    ("value is missing", "{\"metadata\":nulls}"),
    ("'}' is missing", "{\"metadata\":{\"a\":[1,2]]}"),
    ("':' is missing", "{\"metadata\":{\"a\"}}"),
    ("nested too deeply", "{\"metadata\":" + String(repeating: "[", count: 100_000)),
    ("nested too deeply", "{\"metadata\":" + String(repeating: "{\"a\":", count: 100_000)),
  ]) func aDamagedIndexIsRefused(_ says: String, _ text: String) throws {
    let error = refusal { _ = try Array(text.utf8).withUnsafeBytes { try ShardIndex($0, path: "index") } }
    #expect(error?.message.contains(says) == true, "\(error?.message ?? "")")
    #expect(error?.location == "index")
  }

  @Test func whatElseStandsInAnIndexIsSkipped() throws {
    let rest = """
      "metadata":{"total_size":1.5e+10,"a":[[],{},[1,{"b":[null,true,false,-0.5,"\\u00fc]}"]}]],"c":{}},"x":0,"y":""
      """
    try write(["a"], to: "one.safetensors")
    #expect(try ShardedWeights(index("\"a\":\"one.safetensors\"", rest: rest)).names == ["a"])
  }
}
