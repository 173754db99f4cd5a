import Foundation
import MohawkFiles
import Testing

@Suite(.onTwoThreads) struct QuantizeTests {
  @Test func aRoundedFolderDecodesAndTellsWhatItCost() throws {
    let place = try Workplace()
    for weights in ["int8", "int4"] {
      let result = try place.mohawk(
        "quantize", "teacher", weights, "--weights", weights, "--data", "text.txt", "--tokens", "512", "--length", "32",
        "--threads", "1")
      #expect(result.status == 0, "\(result.errors)")
      #expect(result.output.contains("before") && result.output.contains(weights) && result.output.contains("KL"))
      let text = try place.mohawk("generate", weights, "-p", "One day", "--tokens", "4", "--threads", "1")
      #expect(text.status == 0 && text.output.hasPrefix("One day"), "\(text.errors)")
    }
    #expect(try place.bytes("int4/model.safetensors").count < place.bytes("int8/model.safetensors").count)
    let again = try place.mohawk("quantize", "int8", "twice")
    #expect(again.status == 1 && again.complaints.count == 1 && !place.names("").contains("twice"))
  }

  @Test func whatMakesNoSenseIsRefused() throws {
    let place = try Workplace()
    for (arguments, part) in [
      (["--weights", "bf16"], "--weights is 'bf16'"), (["--length", "0"], "--length is 0"),
      (["--data", "nowhere", "--length", "32"], "nowhere"),
      (["--data", "text.txt", "--length", "65"], "64 tokens at most"),
    ] {
      let result = try Command.run(["quantize", "teacher", "out"] + arguments, in: place.folder)
      #expect(result.status == 1 && result.complaints.count == 1 && result.errors.contains(part), "\(result.errors)")
      #expect(!place.names("").contains("out"))
    }
    for name in [
      "teacher", "teacher/", "./teacher", "../\(URL(fileURLWithPath: place.folder.path).lastPathComponent)/teacher",
    ] {
      let same = try place.mohawk("quantize", "teacher", name)
      #expect(same.status == 1 && same.errors.contains("the same folder"), "\(name): \(same.errors)")
    }
    let few = try place.mohawk(
      "quantize", "teacher", "out", "--calibration", "text.txt", "--tokens", "100", "--length", "32")
    #expect(few.status == 1 && few.errors.contains("--tokens is 100, a quarter of which"), "\(few.errors)")
  }

  @Test func nothingButAnEarlierModelIsReplaced() throws {
    let place = try Workplace()
    try place.folder.write("notes/thesis.txt", "years of work")
    try place.folder.write("run/samples.json", "[]")
    try AtomicFolder.ensure(place.path("run/model"))
    for name in place.names("teacher") {
      try place.folder.write("run/model/" + name, place.bytes("teacher/" + name))
      try place.folder.write("run/" + name, place.bytes("teacher/" + name))
    }
    for command in [["quantize"], ["convert", "--to", "hf"]] {
      for output in ["notes", "run", ".", "text.txt"] {
        let result = try Command.run(command + ["run/model", output], in: place.folder)
        #expect(result.status == 1 && result.complaints.count == 1, "\(output): \(result.errors)")
      }
    }
    #expect(place.names("notes") == ["thesis.txt"])
    #expect(Set(place.names("run")).isSuperset(of: ["model", "samples.json"]))
    try AtomicFolder.ensure(place.path("int8"))
    for _ in 1...2 { #expect(try place.mohawk("quantize", "run/model", "int8").status == 0) }
  }
}
