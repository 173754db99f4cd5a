import MohawkModels
import MohawkTensor

/// Whether a model recalls what a text told earlier: the share of prompts whose answer is, token by token, what the
/// model finds most likely. Equal to greedy generation of the answer.
public enum Recall {
  /// The share of right answers, 0 to 1; NaN without tasks.
  /// - Parameters:
  ///   - model: the model.
  ///   - tasks: token ids of a prompt and of the only right way to go on.
  public static func accuracy(_ model: any LanguageModel, _ tasks: [(prompt: [Int32], answer: [Int32])]) -> Double {
    guard !tasks.isEmpty else { return .nan }
    let device = model.parameters.all[0].value.device
    let right = withoutGradients {
      tasks.count { task in
        let ids = task.prompt + task.answer.dropLast()
        let row = Tensor(ids.map(Int64.init), shape: [1, ids.count]).to(on: device)
        let hidden = model.normalise(model.hidden(row))
        let answered = hidden.narrowed(1, from: task.prompt.count - 1, length: task.answer.count)
        return model.head(answered).argmax(-1).integers() == task.answer.map(Int.init)
      }
    }
    return Double(right) / Double(tasks.count)
  }
}
