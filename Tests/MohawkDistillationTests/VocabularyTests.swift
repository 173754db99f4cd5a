import MohawkModels
import MohawkRecipes
import MohawkTensor
import MohawkTraining
import Testing

@testable import MohawkDistillation

/// Losses over the vocabulary, computed in slices, against logits that exist as a whole.
@Suite struct VocabularyTests {
  private func gradients(_ stage: any TrainingStage) -> [(String, Tensor)] {
    stage.parameters.map { ($0.name, $0.value.gradient!) }
  }

  @Test(arguments: [1, 40, 41, 130, 400, 1 << 21]) func recordedSlicesAreTheWhole(_ elements: Int) throws {
    let model = try TinyPair().student
    let parameters = model.parameters.train { _ in true }.map(\.value)
    let tokens = TinyPair.tokens()
    let ids = tokens.narrowed(1, from: 0, length: 11)
    let targets = tokens.narrowed(1, from: 1, length: 11).reshaped(-1)
    var rows: [Int] = []
    let flat = model.normalise(model.hidden(ids)).reshaped(33, 24)
    let loss = VocabularyLoss.recorded(model, flat, share: 0.3, elements: elements) { logits, first in
      #expect(logits.count <= max(elements, 40))
      rows.append(contentsOf: first..<first + logits.size(0))
      let some = targets.narrowed(0, from: first, length: logits.size(0))
      return logits.crossEntropy(some) * Double(logits.size(0))
    }
    #expect(rows == Array(0..<33))
    let whole = model(ids).reshaped(33, 40).crossEntropy(targets)
    #expect(abs(loss.item() - whole.item()) < 1e-12)
    for (parameter, wanted) in zip(parameters, whole.gradients(of: parameters)) {
      #expect(parameter.gradient!.error(from: wanted! * 0.3) < 1e-10)
    }
  }

  @Test func pretrainingIsNextTokenPrediction() throws {
    let model = try TinyPair().teacher
    let stage = try Pretraining(model, TinyPair.plan(.all))
    try stage.begin()
    let tokens = TinyPair.tokens()
    let loss = try stage.accumulate(tokens, share: 1)
    let logits = model(tokens.narrowed(1, from: 0, length: 11)).logSoftmax(-1)
    let index = tokens.narrowed(1, from: 1, length: 11).unsqueezed(-1)
    let wanted = -logits.gathered(-1, index).mean()
    #expect(abs(loss.total.item() - wanted.item()) < 1e-12 && loss.perLayer.isEmpty)
    let exact = wanted.gradients(of: stage.parameters.map(\.value))
    for (found, exact) in zip(gradients(stage), exact) { #expect(found.1.error(from: exact!) < 1e-10, "\(found.0)") }
  }

  @Test(arguments: [[], [1]], [TrainedPart.all, .mixer])
  func distillationIsTheObviousForm(_ kept: [Int], _ part: TrainedPart) throws {
    let tiny = try TinyPair { $0.attentionLayers = kept }
    let stage = try KnowledgeDistillation(tiny.pair, TinyPair.plan(part))
    try stage.begin()
    let tokens = TinyPair.tokens()
    let loss = try stage.accumulate(tokens, share: 1)
    let ids = tokens.narrowed(1, from: 0, length: 11)
    let target = withoutGradients { tiny.teacher(ids).softmax(-1) }
    let wanted = -(target * tiny.student(ids).logSoftmax(-1)).sum(over: -1).mean()
    #expect(abs(loss.total.item() - wanted.item()) < 1e-12)
    let exact = wanted.gradients(of: stage.parameters.map(\.value))
    for (found, exact) in zip(gradients(stage), exact) { #expect(found.1.error(from: exact!) < 1e-9, "\(found.0)") }
    #expect(tiny.teacher.parameters.all.allSatisfy { $0.value.gradient == nil })
  }

  @Test func aStudentThatIsItsTeacherHasTheSmallestLoss() throws {
    let tiny = try TinyPair { $0.attentionLayers = [0, 1, 2] }
    let stage = try KnowledgeDistillation(tiny.pair, TinyPair.plan(.all))
    try stage.begin()
    let tokens = TinyPair.tokens()
    let loss = try stage.accumulate(tokens, share: 1).total.item()
    let entropy = withoutGradients {
      let logits = tiny.teacher(tokens.narrowed(1, from: 0, length: 11))
      return -(logits.softmax(-1) * logits.logSoftmax(-1)).sum(over: -1).mean().item()
    }
    #expect(abs(loss - entropy) < 1e-12)
    #expect(stage.parameters.allSatisfy { $0.value.gradient!.rms < 1e-12 })
    _ = TinyPair.shaken(tiny.student, 9)
    #expect(try stage.accumulate(tokens, share: 1).total.item() > entropy + 1e-3)
  }
}
