import Foundation
import MohawkDecoding
import MohawkModels
import MohawkTensor
import Testing

@testable import MohawkServing

/// Text is generated from weights that the native decoder knows without libtorch in the process.
@Suite(.onTwoThreads) struct NativeStartTests {
  /// Where there is no library over libtorch: whatever needs it ends with a complaint.
  private static let nowhere = ["MOHAWK_TORCH_LIBRARY": "/nowhere/libMohawkTorch.so", "OMP_NUM_THREADS": "2"]

  private func native(_ arguments: [String], in place: Workplace) throws -> Command.Result {
    try Command(arguments, in: place.folder, environment: Self.nowhere).wait()
  }

  @Test(arguments: ["int8", "int4", "bf16", "f32"])
  func textIsGeneratedWithoutLibtorch(weights: String) throws {
    let place = try Workplace()
    try place.makeLlama("llama")
    for model in ["teacher", "llama"] {
      let folder = "\(model)-\(weights)"
      if ["int8", "int4"].contains(weights) {
        let made = try place.mohawk("quantize", model, folder, "--weights", weights)
        #expect(made.status == 0, "\(made.errors)")
      } else {
        try FileManager.default.copyItem(atPath: place.path(model), toPath: place.path(folder))
        let type: DType = weights == "bf16" ? .bfloat16 : .float32
        try Decoder.open(place.path(model)).write(to: place.path(folder), as: type)
      }
      let arguments = [
        "generate", folder, "-p", "One day", "--tokens", "12", "--temperature", "0",
      ]
      let text = try native(arguments, in: place)
      #expect(text.status == 0 && text.output.hasPrefix("One day"), "\(model): \(text.errors)")
      #expect(text.output == (try Command.run(arguments, in: place.folder)).output)

      // The same ids in this process, which has loaded libtorch.
      let engine = try DecodingEngine.open(place.path(folder), weights: WeightPrecision(rawValue: weights))
      _ = Tensor.range(0, 3)
      #expect(Runtime.isTorchLoaded)
      let generator = try TextGenerator(
        engine, Workplace.tokenizer, ends: Prompt.ends(inFolder: place.path(folder)))
      var options = SamplingOptions()
      options.temperature = 0
      let result = try generator.generate("One day", limit: 12, options: options) { _ in true }
      #expect(
        text.output.trimmingCharacters(in: .newlines) == ("One day" + result.text).trimmingCharacters(in: .newlines))
    }
  }

  @Test func statesDraftsAndChoicesNeedNoLibtorch() throws {
    let place = try Workplace()
    #expect(try place.mohawk("quantize", "teacher", "int8").status == 0)
    for more in [["--draft", "layers:1"], ["--top-k", "5", "--repetition-penalty", "1.2"], ["--threads", "1"]] {
      let text = try native(["generate", "int8", "-p", "One day", "--tokens", "12"] + more, in: place)
      #expect(text.status == 0, "\(more): \(text.errors)")
    }
  }

  @Test func scoresAndStateFilesNeedNoLibtorch() throws {
    let place = try Workplace(isEndless: true)
    #expect(try place.mohawk("quantize", "teacher", "int8").status == 0)
    let text = ["generate", "int8", "-p", "One day", "--temperature", "0"]
    let scored = try native(text + ["--tokens", "6", "--logprobs", "3"], in: place)
    #expect(scored.status == 0, "\(scored.errors)")
    let lines = scored.output.split(separator: "\n").suffix(6)
    #expect(lines.allSatisfy { $0.split(separator: "\t").count == 8 }, "\(scored.output)")

    let first = try native(text + ["--tokens", "4", "--save-state", "state"], in: place)
    #expect(first.status == 0, "\(first.errors)")
    let rest = ["generate", "int8", "--load-state", "state", "--tokens", "4", "--temperature", "0"]
    let second = try native(rest, in: place)
    #expect(second.status == 0, "\(second.errors)")
    let whole = try native(text + ["--tokens", "8"], in: place)
    func line(_ result: Command.Result) -> String { result.output.trimmingCharacters(in: .newlines) }
    #expect(line(first) + line(second) == line(whole))
    #expect(try Command(rest, in: place.folder).wait().output == second.output)
  }

  @Test(arguments: ["bf16", "f32"])
  func longPromptsAreReadNativelyWhereThereIsNoLibtorch(weights: String) throws {
    let place = try Workplace(isEndless: true)
    let type: DType = weights == "bf16" ? .bfloat16 : .float32
    try Decoder.open(place.path("teacher")).write(to: place.path("teacher"), as: type)
    try place.folder.write("long", String(repeating: "One day they met again. ", count: 60))
    let arguments = ["generate", "teacher", "--prompt-file", "long", "--tokens", "8", "--temperature", "0"]
    let text = try native(arguments, in: place)
    #expect(text.status == 0, "\(text.errors)")
    #expect(text.output == (try Command.run(arguments, in: place.folder)).output)
  }

  @Test func mohawkRunIsTheSameCommandsWithoutLibtorch() throws {
    let place = try Workplace(isEndless: true)
    #expect(try place.mohawk("quantize", "teacher", "int8").status == 0)
    try place.folder.write("int8/chat_template.jinja", ChatTests.template)
    try place.folder.write("int8/tokenizer_config.json", #"{"eos_token": "<|endoftext|>"}"#)
    let program = Command.program("mohawk-run")
    for arguments in [
      ["generate", "int8", "-p", "One day", "--tokens", "12", "--temperature", "0"],
      ["generate", "int8", "-p", "One day", "--tokens", "12", "--seed", "3", "--logprobs", "2"], ["--version"],
      ["chat", "int8", "--tokens", "6", "--temperature", "0"],
    ] {
      let line = try place.folder.write("line", "Hi\n")
      func run(_ program: URL) throws -> Command.Result {
        let input = FileHandle(forReadingAtPath: line)
        return try Command(arguments, in: place.folder, input: input, environment: Self.nowhere, program: program)
          .wait()
      }
      let result = try run(program)
      #expect(result.status == 0 && !result.output.isEmpty, "\(arguments): \(result.errors)")
      #expect(result.output == (try run(Command.executable)).output, "\(arguments)")
    }
    let unknown = try Command(["distill"], in: place.folder, program: program).wait()
    #expect(unknown.status != 0 && unknown.errors.contains("distill"))
  }

  @Test func whatNeedsLibtorchSaysWhereItIsMissing() throws {
    let place = try Workplace()
    let result = try native(place.distil(), in: place)
    #expect(result.status == 1 && result.complaints.count == 1)
    #expect(result.errors.contains("/nowhere/libMohawkTorch.so") && result.errors.contains("MOHAWK_TORCH_LIBRARY"))
  }

  #if os(Linux)
    @Test func theCommandStartsWithoutLoadingLibtorch() throws {
      let folder = try TemporaryFolder()
      let loaded = try Command(["--help"], in: folder, environment: ["LD_TRACE_LOADED_OBJECTS": "1"]).wait().output
      #expect(loaded.contains("libc.so") && !loaded.lowercased().contains("torch"), "\(loaded)")
    }
  #endif
}
