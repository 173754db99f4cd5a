import Foundation
import MohawkFiles
import MohawkTensor
import Testing

@testable import MohawkLayers

/// A source that has some parameters and answers for the others with a fault.
private struct Shelf: ParameterSource {
  let values: [String: Tensor]
  var broken: [String: ParameterFault] = [:]

  func value(_ request: ParameterRequest) -> Result<Tensor, ParameterFault> {
    let (name, shape) = (request.name, request.shape)
    if let fault = broken[name] { return .failure(fault) }
    guard let value = values[name] else { return .failure(.missing(key: name)) }
    guard value.shape == shape else { return .failure(.misshapen(key: name, found: value.shape, wanted: shape)) }
    return .success(value)
  }
}

@Suite struct ParameterScopeTests {
  @Test func aScopeNamesWhatIsAskedOfIt() {
    let build = ParameterBuild(DrawnParameters(RandomGenerator(seed: 1)))
    _ = (build.root / "layers" / 3 / "mixer").parameter("D", [2], .ones)
    _ = build.root.parameter("free", [1], .zeros)
    #expect(build.parameters.all.map(\.name) == ["layers.3.mixer.D", "free"])
    #expect((build.root / "a" / 0).path == "a.0")
  }

  @Test func everythingThatIsWrongComesInOneError() throws {
    let shelf = Shelf(
      values: ["fc1.weight": .zeros([3, 2]), "fc1.bias": .zeros([4])],
      broken: ["fc2.bias": .unusable(key: "fc2.bias", reason: "holds NaN or infinite numbers")])
    let build = ParameterBuild(shelf, location: "somewhere/model.safetensors")
    _ = Linear(in: 2, out: 3, build.root / "fc1")
    _ = Linear(in: 3, out: 5, build.root / "fc2")
    let error = #expect(throws: MohawkError.self) { try build.finish(unused: ["extra.weight"]) }
    #expect(error?.code == .mismatch && error?.location == "somewhere/model.safetensors" && error?.remedy != nil)
    for part in [
      "fc1.bias has shape [4] where [3] is needed", "fc2.weight is missing", "fc2.bias holds NaN",
      "extra.weight is not used",
    ] { #expect(error?.message.contains(part) == true, "\(part)") }
    #expect(error?.message.contains("fc1.weight") == false)
  }

  @Test func aFaultOfASharedTensorIsToldOnce() {
    let fault = ParameterFault.missing(key: "in_proj.weight")
    let build = ParameterBuild(Shelf(values: [:], broken: ["x": fault, "bc": fault]))
    _ = build.root.parameter("x", [2], .zeros)
    _ = build.root.parameter("bc", [2], .zeros)
    let error = #expect(throws: MohawkError.self) { try build.finish() }
    #expect(error?.message.components(separatedBy: "in_proj.weight").count == 2)
  }

  @Test func aLongListIsCutAndCounted() {
    let build = ParameterBuild(Shelf(values: [:]))
    for index in 0..<25 { _ = (build.root / index).parameter("w", [1], .zeros) }
    let error = #expect(throws: MohawkError.self) { try build.finish() }
    #expect(error?.message.contains("19.w is missing; and 5 more") == true)
    #expect(error?.message.contains("20.w") == false)
  }

  @Test func aParameterThatCannotBeHadTakesNoMemory() {
    let build = ParameterBuild(Shelf(values: [:]))
    let stand = build.root.parameter("weight", [1 << 31, 1 << 31], .zeros)
    #expect(stand.count == 1 && stand.rank == 2)
    #expect(throws: MohawkError.self) { try build.finish() }
  }

  @Test func aCompleteSourceIsNoError() throws {
    let build = ParameterBuild(Shelf(values: ["w": .ones([2])]))
    #expect(build.root.parameter("w", [2], .zeros).floats() == [1, 1])
    try build.finish()
  }
}
