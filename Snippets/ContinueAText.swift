// Text from a model's folder, piece by piece.

// snippet.show
import MohawkDecoding
import MohawkServing
import MohawkText

let engine = try DecodingEngine.open("student/model", weights: .bfloat16)
let generator = try TextGenerator(engine, Tokenizer(folder: "student/model"))
var options = SamplingOptions()
options.temperature = 0.7
let result = try generator.generate("Once upon a time", limit: 60, options: options) { piece in
  print(piece, terminator: "")
  return true
}
print("\n\(result.tokens.count) tokens, ended by \(result.finish)")
