// A talk whose state is kept in a file, with a draft that makes it faster.

// snippet.show
import MohawkDecoding
import MohawkModels
import MohawkServing
import MohawkText

let folder = "student/model"
let engine = DecodingEngine(try Decoder.open(folder, computing: .float32))
let draft = SpeculativeDraft(DecodingEngine(engine.model.firstLayers(2)), longest: 4)
let cache = PrefixCache(byteBudget: 512 << 20, every: 256)
let generator = try TextGenerator(
  engine, Tokenizer(folder: folder), ends: Prompt.ends(inFolder: folder), draft: draft, cache: cache)

guard let template = try ChatTemplate.ofFolder(folder) else { fatalError("\(folder) has no chat template") }
let chat = ChatSession(generator, template, system: "Be brief.")
let answer = try chat.send("Hello", limit: 100, options: SamplingOptions()) { piece in
  print(piece, terminator: "")
  return true
}
print("\n\(answer.tokensPerSecond ?? 0) tokens/s, \(answer.accepted) of \(answer.proposed) proposals accepted")
try chat.save(to: "talk.state")
