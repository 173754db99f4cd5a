import ArgumentParser

/// How a checkpoint is read.
struct CheckpointFlags: ParsableArguments {
  @Flag(help: "Passes over tensors that the model has no use for, instead of refusing the file.")
  var allowUnused = false
}

/// A command that reads checkpoints.
protocol ReadsCheckpoints {
  var reading: CheckpointFlags { get }
}
