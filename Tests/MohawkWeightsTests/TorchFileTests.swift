import MohawkFiles
import MohawkTensor
import MohawkWeights
import Testing

@Suite struct TorchFileTests {
  @Test(arguments: 2...5) func everyProtocolGivesWhatPyTorchSaved(_ version: Int) throws {
    let expected = try SafetensorsFile(golden("everything.safetensors")).contents()
    let file = try TorchFile(golden("protocol-\(version).bin"))
    #expect(try file.contents() == expected)
    #expect(Set(expected.values.map(\.dtype)) == Set(DType.allCases))
    #expect(file.names.first == "type.float32" && file.names.last == "ünïcode 🎈")
  }

  @Test func tiedWeightsShareTheirPages() throws {
    let file = try TorchFile(golden("protocol-2.bin"))
    let addresses = try ["embedding.weight", "head.weight"].map { try file.tensor($0).withBytes { $0.baseAddress } }
    #expect(addresses[0] != nil && addresses[0] == addresses[1])
    let rows = try file.tensor("view.rows").withBytes { $0.baseAddress! }
    #expect(rows == addresses[0]! + 24)
  }

  @Test func aTensorOutlivesTheFileObject() throws {
    let (one, two) = try {
      let file = try TorchFile(golden("protocol-2.bin"))
      return (try file.tensor("view.rows"), try file.tensor("view.transposed"))
    }()
    #expect(one.shape == [2, 6] && two.shape == [6, 4])
    #expect(one.floats()[0] == two.floats()[1])
  }

  @Test(arguments: ["state_dict", "model", "model_state_dict"]) func weightsInsideATrainingCheckpointAreFound(
    _ key: String
  ) throws {
    let expected = try SafetensorsFile(golden("small.safetensors")).contents()
    #expect(try Weights.open(golden("nested-\(key).pth")).contents() == expected)
  }

  @Test func tensorsThatCannotBeReadAreRefusedWhenUsed() throws {
    let file = try TorchFile(golden("unreadable.pt"))
    #expect(try file.tensor("good").count == 2)
    let reasons = [
      "float8_e4m3fn": "float8_e4m3fn", "float8_e5m2": "float8_e5m2", "uint16": "uint16", "uint32": "uint32",
      "complex64": "complex64", "complex128": "complex128", "quantised": "quantised", "sparse": "sparse",
      "meta": "no values",
    ]
    #expect(Set(file.names) == Set(reasons.keys).union(["good"]))
    for (name, reason) in reasons {
      #expect(file.shape(of: name) == nil)
      let error = refusal { _ = try file.tensor(name) }
      #expect(error?.code == .unsupported)
      #expect(error?.message.contains("'\(name)'") == true && error?.message.contains(reason) == true, "\(name)")
    }
  }

  @Test func safetensorsOfTypesThatCannotBeReadAreRefusedWhenUsed() throws {
    let file = try Weights.open(golden("foreign.safetensors"))
    #expect(Set(file.names) == ["good", "f8", "u16", "c64"])
    #expect(try file.tensor("good").count == 2)
    for (name, type) in ["f8": "F8_E4M3", "u16": "U16", "c64": "C64"] {
      #expect(file.shape(of: name) == nil)
      #expect(refusal { _ = try file.tensor(name) }?.message.contains("'\(name)' has the element type \(type)") == true)
    }
  }

  @Test func anUnknownNameIsNamed() throws {
    let file = try TorchFile(golden("nested-model.pth"))
    #expect(refusal { _ = try file.tensor("zebra") }?.message.contains("'zebra'") == true)
  }
}
