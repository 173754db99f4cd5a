import Foundation
import MohawkText
import Testing

@Suite(.onTwoThreads) struct ChatTests {
  static let template = """
    {%- for message in messages -%}{{ message.role + ': ' + message.content + eos_token }}{%- endfor -%}{{ 'assistant: ' }}
    """

  private func talk(_ place: Workplace, _ lines: String..., more: [String] = []) throws -> Command.Result {
    let input = try place.folder.write("input", lines.map { $0 + "\n" }.joined())
    let handle = FileHandle(forReadingAtPath: input)!
    let arguments = ["chat", "teacher", "--tokens", "6", "--temperature", "0", "--threads", "1"] + more
    return try Command(arguments, in: place.folder, input: handle).wait()
  }

  @Test func aModelWithoutATemplateSaysHowToGoOn() throws {
    let place = try Workplace()
    let result = try talk(place, "Hello")
    #expect(result.status == 1 && result.output.isEmpty && result.complaints.count == 1)
    for part in ["teacher", "chat_template.jinja", "--template FILE", "mohawk generate"] {
      #expect(result.errors.contains(part), "\(part)")
    }
  }

  @Test func linesAreAnsweredWithTheirSpeed() throws {
    let place = try Workplace(isEndless: true)
    try place.folder.write("chat.jinja", Self.template)
    let given = try talk(place, "Hi", "", "Ho", more: ["--template", "chat.jinja"])
    #expect(given.status == 0 && !given.output.contains(">"))
    let lines = given.errors.split(separator: "\n")
    #expect(lines.count == 2 && lines.allSatisfy { $0.contains("tokens/s") && $0.hasPrefix("[6 tokens") })
    // The same template in the model's folder.
    try place.folder.write("teacher/chat_template.jinja", Self.template)
    try place.folder.write("teacher/tokenizer_config.json", #"{"eos_token": "<|endoftext|>"}"#)
    #expect(try talk(place, "Hi", "Ho").output == given.output)
    // Of the second message only what is new is read: with the end of the answer, the message and what follows it.
    let text = "<|endoftext|>user: Ho<|endoftext|>assistant: "
    let added = Workplace.tokenizer.encode(text).count
    #expect(lines[1].contains("\(added + 1) tokens read"), "\(lines)")
  }

  @Test func aConversationIsKeptAndContinuedInAnotherProcess() throws {
    let place = try Workplace()
    try place.folder.write(
      "teacher/chat_template.jinja", Self.template.replacingOccurrences(of: " + eos_token", with: ""))
    let whole = try talk(place, "/system Be brief.", "Hi", "Ho")
    let first = try talk(place, "/system Be brief.", "Hi", "/save talk.state")
    let second = try talk(place, "/load talk.state", "Ho")
    #expect(whole.status == 0 && first.status == 0 && second.status == 0, "\(second.errors)")
    #expect(first.output + second.output == whole.output)
    for result in [first, second] { #expect(result.errors.contains("[talk.state: 2 messages, "), "\(result.errors)") }
    let reset = try talk(place, "Hi", "/reset", "Hi")
    let once = try talk(place, "Hi")
    #expect(reset.output == once.output + once.output)
  }

  @Test func commandsThatAreNoneEndAPipeWithOneSentence() throws {
    let place = try Workplace()
    try place.folder.write("teacher/chat_template.jinja", Self.template)
    for (line, part) in [
      ("/sing", "no command '/sing'"), ("/save", "needs the name"), ("/load nowhere", "nowhere"),
      ("/load text.txt", "text.txt"), ("/reset now", "no command"),
    ] {
      let result = try talk(place, line)
      #expect(result.status == 1 && result.complaints.count == 1 && result.errors.contains(part), "\(result.errors)")
    }
    #expect(try talk(place, "/help", "/quit", "Hi").output.contains("/system TEXT"))
    let wrong = try talk(place, "Hi", more: ["--cache-mib=-1"])
    #expect(wrong.status == 1 && wrong.errors.contains("--cache-mib is -1"))
  }

  @Test func aSignalInterruptsTheAnswerAndASecondOneEnds() throws {
    let place = try Workplace(isEndless: true)
    try place.folder.write("chat.jinja", Self.template)
    let pipe = Pipe()
    let command = try Command(
      ["chat", "teacher", "--template", "chat.jinja", "--tokens", "900000", "--temperature", "2", "--threads", "1"],
      in: place.folder, input: pipe)
    func say(_ text: String) throws { try pipe.fileHandleForWriting.write(contentsOf: Data(text.utf8)) }
    /// The newest text of an output, of at least so many bytes.
    func output(_ prefix: String, beyond count: Int) -> Int {
      var size = count
      command.wait {
        let name = place.names("").first { $0.hasPrefix(prefix) }!
        size = (try? place.bytes(name).count) ?? 0
        return size > count
      }
      return size
    }
    try say("Hi\n")
    let begun = output(".out-", beyond: 0)
    command.send(SIGINT)
    guard output(".err-", beyond: 0) > 0, command.process.isRunning else {
      Issue.record("it ended: \(try command.wait())")
      return
    }
    // It listens again.
    try say("Ho\n")
    _ = output(".out-", beyond: begun + 40)
    command.send(SIGINT)
    command.send(SIGINT)
    try pipe.fileHandleForWriting.close()
    let result = try command.wait()
    #expect(result.errors.split(separator: "\n").first?.hasSuffix(", interrupted]") == true, "\(result.errors)")
  }
}
