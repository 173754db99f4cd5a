import ArgumentParser
import MohawkModels

/// How a checkpoint is read.
package struct CheckpointFlags: ParsableArguments {
  @Flag(help: "Passes over tensors that the model has no use for, instead of refusing the file.")
  package var allowUnused = false

  package init() {}
}

/// A command that reads checkpoints.
package protocol ReadsCheckpoints: HasModelPaths {
  var reading: CheckpointFlags { get }
}

/// A command whose options name models.
package protocol HasModelPaths {
  /// Its options that name models.
  var modelPaths: [WritableKeyPath<Self, String>] { get }
  /// Its options that may name models.
  var optionalModelPaths: [WritableKeyPath<Self, String?>] { get }
}

extension HasModelPaths {
  package var modelPaths: [WritableKeyPath<Self, String>] { [] }
  package var optionalModelPaths: [WritableKeyPath<Self, String?>] { [] }

  /// The same with paths into Hugging Face's cache followed to the model.
  package func withResolvedPaths() throws -> Self {
    var copy = self
    for path in modelPaths { copy[keyPath: path] = try ModelPath.resolved(copy[keyPath: path]) }
    for path in optionalModelPaths { copy[keyPath: path] = try copy[keyPath: path].map(ModelPath.resolved) }
    return copy
  }
}
