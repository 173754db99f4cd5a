import Foundation
import MohawkReports
import PretendDeviceSupport
import Testing

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// Commands that use a model on the pretended device, beside the same on the processor.
@Suite(.serialized, .onTwoThreads) struct DeviceCommandTests {
  private static let environment = ["OMP_NUM_THREADS": "1", "LD_PRELOAD": PretendDevice.library]

  /// A teacher that never ends a text, a student of it, and one with a window.
  private static let place: Workplace = {
    let place = try! Workplace(isEndless: true)
    _ = try! Command.run(place.distil("run"), in: place.folder)
    _ = try! Command.run(place.distil("windowed", "--set", "student.window=4"), in: place.folder)
    return place
  }()
  private static let models = ["teacher", "run/model", "windowed/model"]

  private func run(_ arguments: [String], onDevice: Bool) throws -> Command.Result {
    let result = try Command(
      arguments + (onDevice ? ["--device", "pretend"] : []), in: Self.place.folder, environment: Self.environment
    ).wait()
    #expect(result.status == 0, "\(arguments): \(result.errors)")
    return result
  }

  /// A text whose words must be equal and whose numbers nearly so.
  private func expectAlike(_ one: String, _ other: String, _ tolerance: Double = 1e-3) {
    let (mine, theirs) = (one.split(whereSeparator: \.isWhitespace), other.split(whereSeparator: \.isWhitespace))
    #expect(mine.count == theirs.count, "\(one) \(other)")
    for (left, right) in zip(mine, theirs) where left != right {
      let difference = Double(left).flatMap { left in Double(right).map { abs(left - $0) / max(1, abs($0)) } }
      #expect((difference ?? 1) <= tolerance, "\(left) is not \(right)")
    }
  }

  @Test(arguments: models) func textIsTheSame(_ model: String) throws {
    let text = ["generate", model, "-p", "One day", "--tokens", "12", "--temperature", "0"]
    func outputs(_ more: [String]) throws -> (there: String, here: String) {
      let (there, here) = try (run(text + more, onDevice: true), run(text + more, onDevice: false))
      #expect(here.output.hasPrefix("One day"))
      return (there.output, here.output)
    }
    for more in [["--logprobs", "2"], ["--draft", "layers:1"]] {
      let (there, here) = try outputs(more)
      expectAlike(there, here)
    }
    let (there, here) = try outputs(["--weights", "bf16", "--logprobs", "0"])
    expectTokensAlike(there, here, 5e-3)
  }

  /// Lines of tokens and their log-probabilities: these are nearly equal up to the first token that differs. Two tokens can
  /// be so likely that rounding decides between them, and what follows is another text.
  private func expectTokensAlike(_ one: String, _ other: String, _ tolerance: Double, count: Int = 12) {
    func tokens(_ text: String) -> [(name: Substring, score: Double)] {
      text.split(separator: "\n").compactMap { line in
        let parts = line.split(separator: "\t")
        return parts.count == 2 ? Double(parts[1]).map { (parts[0], $0) } : nil
      }
    }
    let (mine, theirs) = (tokens(one), tokens(other))
    #expect(mine.count == count && theirs.count == count, "\(one) \(other)")
    for (left, right) in zip(mine, theirs) {
      #expect(abs(left.score - right.score) <= tolerance, "\(one) \(other)")
      if left.name != right.name { return }
    }
  }

  @Test func statesGoOnElsewhere() throws {
    for model in Self.models {
      // Tokens, because the parts of a character that is cut are not the character.
      let text = ["generate", model, "--temperature", "0", "--logprobs", "0", "--tokens"]
      let whole = try run(text + ["16", "-p", "One day"], onDevice: false)
      for isFirstThere in [true, false] {
        let first = try run(text + ["8", "-p", "One day", "--save-state", "state"], onDevice: isFirstThere)
        let second = try run(text + ["8", "--load-state", "state"], onDevice: !isFirstThere)
        expectTokensAlike(first.output + second.output, whole.output, 1e-4, count: 16)
      }
    }
  }

  @Test func judgementsAreTheSame() throws {
    let text = ["--data", "text.txt", "--tokens", "320", "--length", "32"]
    for model in Self.models {
      for (name, more) in [("alone", text), ("pair", text + ["--teacher", "teacher"])] {
        let command = ["evaluate", model] + more
        _ = try run(command + ["--json", name + "-there.json"], onDevice: true)
        _ = try run(command + ["--json", name + "-here.json"], onDevice: false)
        let there = try JSONDecoder().decode(EvaluationSummary.self, from: Self.place.bytes(name + "-there.json"))
        let here = try JSONDecoder().decode(EvaluationSummary.self, from: Self.place.bytes(name + "-here.json"))
        func isNear(_ one: Double?, _ other: Double?) -> Bool {
          guard let one, let other else { return one == nil && other == nil }
          return abs(one - other) <= 1e-3 * max(abs(other), 1e-3)
        }
        #expect(here.studentPerplexity! > 1 && isNear(there.studentPerplexity, here.studentPerplexity))
        #expect(isNear(there.teacherPerplexity, here.teacherPerplexity))
        #expect(isNear(there.divergence, here.divergence) && isNear(there.agreement, here.agreement))
        #expect(there.layers.count == here.layers.count)
        for (mine, theirs) in zip(there.layers, here.layers) {
          #expect(isNear(mine.outputError, theirs.outputError) && isNear(mine.matrixError, theirs.matrixError))
        }
      }
      let tasks = ["evaluate", model, "--tasks", "mqar=4", "--limit", "3"]
      expectAlike(try run(tasks, onDevice: true).output, try run(tasks, onDevice: false).output)
    }
    let attention = ["evaluate", "teacher", "--attention"] + text
    expectAlike(try run(attention, onDevice: true).output, try run(attention, onDevice: false).output, 2e-2)
  }

  @Test func matricesAreTheSame() throws {
    for model in ["run", "windowed"] {
      let command = ["show", model, "--layer", "all", "--tokens", "24"]
      expectAlike(try run(command, onDevice: true).output, try run(command, onDevice: false).output)
    }
    let command = ["approximate", "teacher", "--length", "24", "--texts", "2", "--orders", "4", "--steps", "20"]
    func errors(_ folder: String, onDevice: Bool) throws -> [Double] {
      _ = try run(command + ["--weighted", "--output", folder], onDevice: onDevice)
      let report = try JSONDecoder().decode(
        ApproximationReport.self, from: Self.place.bytes(folder + "/approximation.json"))
      return report.rows.flatMap(\.errors)
    }
    let (there, here) = try (errors("fits-there", onDevice: true), errors("fits-here", onDevice: false))
    #expect(there.count == here.count && !here.isEmpty)
    for (mine, theirs) in zip(there, here) { #expect(abs(mine - theirs) <= 1e-2) }
  }

  @Test func writtenTextIsTheSame() throws {
    let command = ["synthesize", "teacher", "--tokens", "200", "--length", "24", "--batch", "4", "--temperature", "0"]
    _ = try run(command + ["--output", "own-there"], onDevice: true)
    _ = try run(command + ["--output", "own-here"], onDevice: false)
    let there = try Self.place.bytes("own-there/part-00000.jsonl")
    #expect(try !there.isEmpty && there == Self.place.bytes("own-here/part-00000.jsonl"))
  }

  @Test func matricesThatOnlyProcessorsMultiplyByAreRefused() throws {
    #expect(try Self.place.mohawk("quantize", "run/model", "int8").status == 0)
    for command in [
      ["generate", "int8"], ["generate", "teacher", "--weights", "int4"], ["evaluate", "int8", "--tasks", "mqar=4"],
      ["evaluate", "int8", "--data", "text.txt", "--tokens", "64", "--length", "32"], ["serve", "int8", "--port", "0"],
      ["synthesize", "teacher", "--tokens", "100", "--output", "own", "--weights", "int8"],
    ] {
      let result = try Command(
        command + ["--device", "pretend"], in: Self.place.folder, environment: Self.environment
      ).wait()
      #expect(result.status == 1 && result.complaints.count == 1, "\(command): \(result.errors)")
      #expect(result.errors.contains("int8 and int4 matrices are for processors"), "\(command): \(result.errors)")
    }
  }

  @Test func aDeviceThatIsNotThereIsRefused() throws {
    for command in [["generate", "teacher"], ["evaluate", "teacher"], ["serve", "teacher", "--port", "0"]] {
      let result = try Command.run(command + ["--device", "cuda:7"], in: Self.place.folder)
      #expect(
        result.status == 1 && result.errors.contains("there is no device 'cuda:7'"), "\(command): \(result.errors)")
    }
  }

  /// A server in a process of its own.
  private struct Server {
    let command: Command
    let address: String

    init?(_ arguments: [String]) throws {
      command = try Command(arguments, in: DeviceCommandTests.place.folder, environment: DeviceCommandTests.environment)
      let command = command
      command.wait { command.written.contains("\n") }
      guard let line = command.written.split(separator: "\n").first, let range = line.range(of: "http://") else {
        Issue.record("no server: \(try command.wait().errors)")
        return nil
      }
      address = String(line[range.lowerBound...])
    }

    func ask(_ path: String, _ body: [String: any Sendable]) async throws -> [String: Any] {
      var request = URLRequest(url: URL(string: address + path)!)
      request.httpMethod = "POST"
      request.setValue("application/json", forHTTPHeaderField: "Content-Type")
      request.httpBody = try JSONSerialization.data(withJSONObject: body)
      let (data, _) = try await URLSession.shared.data(for: request)
      return try JSONSerialization.jsonObject(with: data) as? [String: Any] ?? [:]
    }

    /// What follows each of the prompts, asked for at the same time.
    func texts(_ model: String, _ prompts: [String]) async throws -> [String] {
      try await withThrowingTaskGroup(of: (Int, String).self) { group in
        for (index, prompt) in prompts.enumerated() {
          group.addTask {
            let answer = try await ask(
              "/v1/completions", ["model": model, "prompt": prompt, "max_tokens": 10, "temperature": 0])
            let choices = answer["choices"] as? [[String: Any]]
            return (index, choices?.first?["text"] as? String ?? "\(answer)")
          }
        }
        return try await group.reduce(into: prompts.map { _ in "" }) { $0[$1.0] = $1.1 }
      }
    }

    func stop() throws {
      command.send(SIGTERM)
      let result = try command.wait()
      #expect(result.status == 0, "\(result.errors)")
    }
  }

  @Test(arguments: [[], ["--draft", "layers:1"]]) func aServerAnswersTheSame(_ more: [String]) async throws {
    let prompts = ["One day", "One day they", "The", "One day"]
    var answers: [[String]] = []
    for device in [["--device", "pretend"], []] {
      let arguments = ["serve", "run/model", "--teacher", "teacher", "--port", "0", "--batch", "2"] + more + device
      guard let server = try Server(arguments) else { return }
      for model in ["run", "teacher"] { answers.append(try await server.texts(model, prompts)) }
      try server.stop()
    }
    #expect(answers[0] == answers[2] && answers[1] == answers[3], "\(answers)")
    #expect(answers.allSatisfy { $0.allSatisfy { !$0.isEmpty } && $0[0] == $0[3] }, "\(answers)")
  }
}
