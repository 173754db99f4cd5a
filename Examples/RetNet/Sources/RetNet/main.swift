import MohawkMixers
import MohawkRecipes
import MohawkRuns

// Distils a teacher's folder into a student of retention: swift run -c release RetNet TEACHER OUTPUT
guard CommandLine.arguments.count == 3 else { fatalError("give a teacher's folder and one for the run") }
Mixers.register(RetentionGeometry.self)
var recipe = try RecipeLoader.load("demo", set: ["student.mixer=retention"])
recipe.teacher = CommandLine.arguments[1]
recipe.divide(tokens: 200_000)
let summary = try DistillationRun(recipe, folder: CommandLine.arguments[2]).run()
print("perplexity", summary.teacherPerplexity ?? .nan, "to", summary.studentPerplexity ?? .nan)
