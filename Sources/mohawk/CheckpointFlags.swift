import ArgumentParser
import MohawkModels

/// How a checkpoint is read.
struct CheckpointFlags: ParsableArguments {
  @Flag(help: "Passes over tensors that the model has no use for, instead of refusing the file.")
  var allowUnused = false
}

/// A command that reads checkpoints.
protocol ReadsCheckpoints: HasModelPaths {
  var reading: CheckpointFlags { get }
}

/// A command whose options name models.
protocol HasModelPaths {
  /// Its options that name models.
  var modelPaths: [WritableKeyPath<Self, String>] { get }
  /// Its options that may name models.
  var optionalModelPaths: [WritableKeyPath<Self, String?>] { get }
}

extension HasModelPaths {
  var modelPaths: [WritableKeyPath<Self, String>] { [] }
  var optionalModelPaths: [WritableKeyPath<Self, String?>] { [] }

  /// The same with paths into Hugging Face's cache followed to the model.
  func withResolvedPaths() throws -> Self {
    var copy = self
    for path in modelPaths { copy[keyPath: path] = try ModelPath.resolved(copy[keyPath: path]) }
    for path in optionalModelPaths { copy[keyPath: path] = try copy[keyPath: path].map(ModelPath.resolved) }
    return copy
  }
}
