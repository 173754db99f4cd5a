// Text from a model's folder, piece by piece.

// snippet.show
import MohawkDecoding
import MohawkModels
import MohawkServing
import MohawkText

let model = try Decoder.open("student/model")
let generator = try TextGenerator(DecodingEngine(model), Tokenizer(folder: "student/model"))
var options = SamplingOptions()
options.temperature = 0.7
let result = try generator.generate("Once upon a time", limit: 60, options: options) { piece in
  print(piece, terminator: "")
  return true
}
print("\n\(result.tokens.count) tokens, ended by \(result.finish)")
