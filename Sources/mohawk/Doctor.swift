import ArgumentParser
import Foundation
import MohawkCommands
import MohawkReports
import MohawkRuns
import MohawkTensor

/// What this machine has, and what it lacks.
struct Doctor: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Shows versions, processor features, threads, devices and memory, and says what is missing.")

  func run() throws {
    var table = Table([.init("what"), .init("found")])
    table.add(["libtorch", Runtime.torchVersion])
    table.add(["processor", Machine.processor])
    table.add(["features", Machine.features.joined(separator: " ")])
    table.add(["libtorch kernels", Runtime.cpuCapability])
    table.add(["cores / threads in use", "\(Machine.cores) / \(Runtime.threads)"])
    table.add(["memory", "\(Machine.memoryMiB) MiB, \(Machine.freeMemoryMiB) MiB available"])
    table.add(["freed memory is kept", Runtime.keepFreedMemory() ? "yes" : "no (this C library has no such setting)"])
    let cuda = Runtime.cudaDeviceCount
    table.add(["CUDA devices", cuda == 0 ? "none" : "\(cuda)"])
    table.add(["fp32 matrix product", String(format: "%.0f GFLOP/s", ProductSpeed.measured(.float32) / 1e9)])
    table.add(["bf16 matrix product", String(format: "%.0f GFLOP/s", ProductSpeed.measured(.bfloat16) / 1e9)])
    Terminal.say(table.text)
    let advice = Machine.advice
    Terminal.say(advice.isEmpty ? "Nothing is missing." : advice.map { "- " + $0 }.joined(separator: "\n"))
  }
}
