import Foundation
import MohawkDecoding
import MohawkEvaluation
import MohawkModels
import MohawkTensor

/// What rounding saved and what it cost.
enum QuantizationTable {
  static func text(_ quantized: QuantizedDecoder, judged: [Tensor]?) -> String {
    let bytes = quantized.model.parameters.all.reduce(0) { $0 + $1.value.byteCount }
    func mebibytes(_ count: Int) -> String { String(format: "%9.1f", Double(count) / 1_048_576) }
    let name = quantized.precision.rawValue.padding(toLength: 8, withPad: " ", startingAt: 0)
    guard let judged else {
      return """
        weights       MiB
        before  \(mebibytes(bytes))
        \(name)\(mebibytes(quantized.byteCount))
        """
    }
    let both = Comparison.measure(teacher: quantized.model, student: DecodingEngine(quantized), judged)
    func row(_ name: String, _ size: Int, _ perplexity: Double, _ more: String) -> String {
      "\(name)\(mebibytes(size))  \(String(format: "%10.4f", perplexity))  \(more)"
    }
    let change = (both.student.value / both.teacher.value - 1) * 100
    let costs = String(format: "%+9.3f %%  %9.6f  %9.2f %%", change, both.kl, both.agreement * 100)
    return """
      weights       MiB  perplexity       change         KL  same choice
      \(row("before  ", bytes, both.teacher.value, ""))
      \(row(name, quantized.byteCount, both.student.value, costs))
      """
  }
}
