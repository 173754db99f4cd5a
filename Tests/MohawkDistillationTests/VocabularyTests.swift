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
    let (loss, gradient) = VocabularyLoss.recorded(model, flat, share: 0.3, elements: elements) { logits, first in
      #expect(logits.count <= max(elements, 40))
      rows.append(contentsOf: first..<first + logits.size(0))
      let some = targets.narrowed(0, from: first, length: logits.size(0))
      return logits.crossEntropy(some) * Double(logits.size(0))
    }
    flat.backward(gradient!)
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

  /// Variants of stage 3 and their losses written out, from all logits, for each position.
  static let variants: [(String, @Sendable (inout StageRecipe) -> Void, @Sendable (Tensor, Tensor, Tensor) -> Tensor)] =
    [
      (
        "temperature", { $0.loss.temperature = 2.5 },
        { student, teacher, _ in
          -((teacher / 2.5).softmax(-1) * (student / 2.5).logSoftmax(-1)).sum(over: -1) * 6.25
        }
      ),
      (
        "reverse", { $0.loss.divergence = .reverse },
        { student, teacher, _ in
          (student.softmax(-1) * (student.logSoftmax(-1) - teacher.logSoftmax(-1))).sum(over: -1)
        }
      ),
      (
        "mixed at a temperature", { ($0.loss.divergence, $0.loss.temperature) = (.mixed, 0.5) },
        { student, teacher, _ in
          let (p, q) = ((teacher * 2).softmax(-1), (student * 2).softmax(-1))
          let (a, b) = ((teacher * 2).logSoftmax(-1), (student * 2).logSoftmax(-1))
          return ((q * (b - a)).sum(over: -1) - (p * b).sum(over: -1)) * 0.125
        }
      ),
      (
        "labels", { ($0.loss.labels, $0.loss.temperature) = (0.3, 2) },
        { student, teacher, next in
          let soft = -((teacher * 0.5).softmax(-1) * (student * 0.5).logSoftmax(-1)).sum(over: -1) * 4
          return soft * 0.7 - student.logSoftmax(-1).gathered(-1, next).squeezed(-1) * 0.3
        }
      ),
      (
        "labels alone", { $0.loss.labels = 1 },
        { student, _, next in
          -student.logSoftmax(-1).gathered(-1, next).squeezed(-1)
        }
      ),
      (
        "the five most likely", { ($0.loss.top, $0.loss.temperature) = (5, 2) },
        { student, teacher, _ in
          let (p, q) = ((teacher * 0.5).softmax(-1), (student * 0.5).softmax(-1))
          let (mass, ids) = p.topK(5)
          let named = q.gathered(-1, ids)
          let (rest, others) = (-mass.sum(over: -1) + 1, -named.sum(over: -1) + 1)
          return ((mass * named.log()).sum(over: -1) + rest * others.log()) * -4
        }
      ),
    ]

  @Test(arguments: variants.indices) func distillationIsWhatTheRecipeAsksFor(_ index: Int) throws {
    let (name, change, loss) = Self.variants[index]
    var plan = TinyPair.plan(.all)
    change(&plan)
    let tiny = try TinyPair()
    let stage = try KnowledgeDistillation(tiny.pair, plan)
    try stage.begin()
    let tokens = TinyPair.tokens()
    let found = try stage.accumulate(tokens, share: 1)
    let ids = tokens.narrowed(1, from: 0, length: 11)
    let next = tokens.narrowed(1, from: 1, length: 11).unsqueezed(-1)
    let wanted = loss(tiny.student(ids), withoutGradients { tiny.teacher(ids) }, next).mean()
    #expect(abs(found.total.item() - wanted.item()) < 1e-11, "\(name)")
    let exact = wanted.gradients(of: stage.parameters.map(\.value))
    for (found, exact) in zip(gradients(stage), exact) {
      #expect(found.1.error(from: exact!) < 1e-9, "\(name): \(found.0)")
    }
  }

  /// Of 33 targets in three rows: some, few and all of a row.
  static let mask = (0..<33).map { $0 < 11 ? $0 % 3 == 1 : $0 < 22 ? $0 == 15 : true }

  @Test(arguments: variants.indices) func onlyTargetsOfTheLossMaskCount(_ index: Int) throws {
    let (name, change, loss) = Self.variants[index]
    var plan = TinyPair.plan(.all)
    change(&plan)
    let tiny = try TinyPair()
    let stage = try KnowledgeDistillation(tiny.pair, plan)
    try stage.begin()
    let tokens = TinyPair.tokens()
    let found = try stage.accumulate(TrainingBatch(tokens, lossMask: Self.mask), share: 1)
    let ids = tokens.narrowed(1, from: 0, length: 11)
    let next = tokens.narrowed(1, from: 1, length: 11).unsqueezed(-1)
    let weights = Tensor(Self.mask.map { $0 ? 1.0 : 0 }, shape: [3, 11])
    let wanted =
      (loss(tiny.student(ids), withoutGradients { tiny.teacher(ids) }, next) * weights).sum()
      / Double(Self.mask.count { $0 })
    #expect(abs(found.total.item() - wanted.item()) < 1e-11, "\(name)")
    let exact = wanted.gradients(of: stage.parameters.map(\.value))
    for (found, exact) in zip(gradients(stage), exact) {
      #expect(found.1.error(from: exact!) < 1e-9, "\(name): \(found.0)")
    }
  }

  @Test func pretrainingCountsOnlyTargetsOfTheLossMask() throws {
    let model = try TinyPair().teacher
    let stage = try Pretraining(model, TinyPair.plan(.all))
    try stage.begin()
    let tokens = TinyPair.tokens()
    let loss = try stage.accumulate(TrainingBatch(tokens, lossMask: Self.mask), share: 1)
    let logits = model(tokens.narrowed(1, from: 0, length: 11)).logSoftmax(-1)
    let index = tokens.narrowed(1, from: 1, length: 11).unsqueezed(-1)
    let weights = Tensor(Self.mask.map { $0 ? 1.0 : 0 }, shape: [3, 11, 1])
    let wanted = -(logits.gathered(-1, index) * weights).sum() / Double(Self.mask.count { $0 })
    #expect(abs(loss.total.item() - wanted.item()) < 1e-12)
    let exact = wanted.gradients(of: stage.parameters.map(\.value))
    for (found, exact) in zip(gradients(stage), exact) { #expect(found.1.error(from: exact!) < 1e-10, "\(found.0)") }
  }

  @Test func partsOfABatchWeighAsManyTokensAsCountInThem() throws {
    let tiny = try TinyPair()
    let stage = try KnowledgeDistillation(tiny.pair, TinyPair.plan(.all))
    try stage.begin()
    let batch = TrainingBatch(TinyPair.tokens(), lossMask: Self.mask)
    let whole = try stage.accumulate(batch, share: 1).total.item()
    let wanted = gradients(stage).map { $0.1.keptCopy() }
    for parameter in stage.parameters { parameter.value.gradient = nil }
    var sum = 0.0
    for row in 0..<3 {
      let part = batch.rows(row..<row + 1)
      let share = Double(part.lossTokens) / Double(batch.lossTokens)
      sum += try stage.accumulate(part, share: share).total.item() * share
    }
    #expect(abs(sum - whole) < 1e-12)
    for (found, wanted) in zip(gradients(stage), wanted) { #expect(found.1.error(from: wanted) < 1e-10, "\(found.0)") }
  }

  @Test func stagesThatCompareLayersTakeNoLossMask() throws {
    let tiny = try TinyPair()
    #expect(try KnowledgeDistillation(tiny.pair, TinyPair.plan(.all)).takesLossMask)
    #expect(try !LayerStage.alignment(tiny.pair, TinyPair.plan(.mixer)).takesLossMask)
    #expect(try !LayerStage.orientation(tiny.pair, TinyPair.plan(.matrix)).takesLossMask)
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
