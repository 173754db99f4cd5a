// A distillation as a run: its folder explains itself, and the same call continues where it stopped.

// snippet.show
import MohawkRecipes
import MohawkRuns

var recipe = try RecipeLoader.load("demo", set: ["student.attentionLayers=[1]"])
recipe.teacher = "teacher/model"
let run = DistillationRun(recipe, folder: "student")
let summary = try run.run()
print("perplexity", summary.teacherPerplexity ?? .nan, "to", summary.studentPerplexity ?? .nan)
