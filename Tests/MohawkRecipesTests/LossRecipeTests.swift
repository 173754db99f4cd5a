import MohawkFiles
import Testing

@testable import MohawkRecipes

/// What a recipe may say about the losses of its stages.
@Suite struct LossRecipeTests {
  private func problems(_ change: (inout Recipe) -> Void) -> [String] {
    var recipe = Recipe()
    change(&recipe)
    return recipe.problems.map(\.key)
  }

  /// The loss of stage 2 with a change.
  private func loss(_ part: ComparedPart, _ change: (inout LossRecipe) -> Void = { _ in }) -> [String] {
    problems {
      $0.alignment.loss = LossRecipe(part)
      change(&$0.alignment.loss)
    }.map { String($0.drop { $0 != "." }.dropFirst()) }
  }

  @Test func thePapersLossesAreTheDefaults() {
    let recipe = Recipe()
    #expect(recipe.orientation.loss == .matrixOrientation && recipe.orientation.loss.compares == .matrix)
    #expect(recipe.alignment.loss == .hiddenStateAlignment && recipe.alignment.loss.compares == .output)
    #expect(recipe.distillation.loss == .knowledgeDistillation && recipe.distillation.loss.compares == .logits)
    #expect(recipe.calibration.loss == .hiddenStateAlignment && recipe.pretraining.loss == .nextToken)
    for stage in StageName.allCases {
      #expect(recipe[stage].loss.compares.trainable.contains(recipe[stage].trains), "\(stage)")
      #expect(recipe[stage].loss.problems(of: stage) == [])
    }
  }

  @Test func keysFromBeforeLossesWereValuesMeanTheSame() throws {
    let recipe = try RecipeLoader.parse(
      """
      alignment:
        distance: squared
        relative: true
      stage1.columns: values
      stage3:
        temperature: 2
        divergence: reverse
        labels: 0.25
      """, source: "r")
    var wanted = Recipe()
    (wanted.alignment.loss.distance, wanted.alignment.loss.relative) = (.squared, true)
    wanted.orientation.loss.columns = .values
    (wanted.distillation.loss.temperature, wanted.distillation.loss.divergence) = (2, .reverse)
    wanted.distillation.loss.labels = 0.25
    #expect(recipe == wanted && recipe.problems == [])
    #expect(try RecipeLoader.parse(recipe.yaml, source: "r") == recipe)
  }

  @Test func everyStageMayCompareAnything() {
    for part in ComparedPart.allCases {
      #expect(loss(part) == [], "\(part)")
      #expect(problems { $0.orientation.loss = LossRecipe(part) } == [], "\(part)")
      #expect(problems { $0.distillation.loss = LossRecipe(part) } == [], "\(part)")
    }
    #expect(loss(.matrix) { ($0.distance, $0.columns) = (.cosine, .values) } == [])
    #expect(loss(.block) { ($0.distance, $0.relative) = (.squared, true) } == [])
    #expect(loss(.hidden) { $0.distance = .cosine } == [])
    #expect(loss(.logits) { ($0.divergence, $0.temperature, $0.labels) = (.mixed, 3, 0.5) } == [])
    #expect(loss(.logits) { ($0.top, $0.temperature) = (8, 3) } == [])
  }

  @Test func whatHasNoEffectIsRefused() {
    for part in [ComparedPart.matrix, .output, .block, .hidden] {
      #expect(loss(part) { $0.temperature = 2 } == ["temperature"])
      #expect(loss(part) { $0.divergence = .reverse } == ["divergence"])
      #expect(loss(part) { $0.top = 4 } == ["top"])
      #expect(loss(part) { $0.labels = 0.5 } == ["labels"])
      #expect(loss(part) { $0.columns = .values } == (part == .matrix ? [] : ["columns"]))
      #expect(loss(part) { ($0.distance, $0.relative) = (.cosine, true) } == ["relative"])
    }
    #expect(loss(.logits) { $0.distance = .squared } == ["distance"])
    #expect(loss(.logits) { $0.relative = true } == ["relative"])
    #expect(loss(.logits) { $0.columns = .values } == ["columns"])
    #expect(loss(.logits) { $0.labels = 1 } == [])
    #expect(loss(.logits) { ($0.labels, $0.temperature) = (1, 2) } == ["temperature"])
    #expect(loss(.logits) { ($0.labels, $0.divergence) = (1, .mixed) } == ["divergence"])
    #expect(loss(.logits) { ($0.labels, $0.top) = (1, 2) } == ["top"])
    #expect(loss(.logits) { ($0.divergence, $0.top) = (.mixed, 2) } == ["top"])
  }

  @Test func impossibleNumbersAreRefused() {
    for value in [0, -1, .infinity, .nan] { #expect(loss(.logits) { $0.temperature = value } == ["temperature"]) }
    for value in [-0.1, 1.1, .nan] { #expect(loss(.logits) { $0.labels = value } == ["labels"]) }
    #expect(loss(.logits) { $0.top = 0 } == ["top"])
  }

  @Test func aRefusalSaysWhatToDo() {
    var recipe = Recipe()
    recipe.alignment.loss.temperature = 2
    let error = #expect(throws: MohawkError.self) { try recipe.validate() }
    #expect(
      error?.description
        == "alignment.temperature is 2.0, which has no effect where output is compared (leave it out, or set alignment.compares to logits)"
    )
  }

  @Test func calibrationComparesOutputs() {
    for part in ComparedPart.allCases {
      let fits = part == .output || part == .block
      let found = problems {
        $0.stages = [.calibration, .distillation]
        $0.calibration.loss = LossRecipe(part)
      }
      #expect(found == (fits ? [] : ["calibration.compares"]), "\(part)")
    }
  }

  @Test func whatDependsOnLogitsAsksForThem() {
    #expect(
      problems {
        ($0.teacher, $0.data.lossOn, $0.data.train) = ("t", .answers, ["x"])
        $0.distillation.loss = LossRecipe(.hidden)
      } == ["data.lossOn"])
    #expect(
      problems {
        ($0.teacher, $0.data.lossOn, $0.data.train) = ("t", .answers, ["x"])
        ($0.stages, $0.alignment.loss) = ([.alignment], LossRecipe(.logits))
      } == [])
    #expect(
      problems {
        $0.frames = [.control]
        $0.distillation.loss = LossRecipe(.hidden)
      } == ["frames"])
    #expect(
      problems {
        ($0.student.window, $0.alignment.windowDropout, $0.alignment.loss) = (64, 0.5, LossRecipe(.matrix))
      } == ["alignment.windowDropout"])
  }

  @Test func aSummaryNamesWhatDiffers() {
    var loss = LossRecipe.hiddenStateAlignment
    #expect(loss.summary == "output")
    (loss.distance, loss.relative) = (.squared, true)
    #expect(loss.summary == "output, distance: squared, relative: true")
  }
}
