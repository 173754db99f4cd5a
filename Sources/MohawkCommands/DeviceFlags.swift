import ArgumentParser
import MohawkFiles
import MohawkTensor

/// Where a model computes.
package struct DeviceFlags: ParsableArguments {
  @Option(help: "Where the model computes: cpu, cuda or cuda:<index>.") package var device = "cpu"

  package init() {}

  /// The device that is named.
  /// - Throws: `MohawkError` when it is not there, or there is no libtorch to compute on it.
  package func opened() throws -> Device {
    guard device == "cpu" || Runtime.isTorchAvailable else {
      throw MohawkError(
        .unsupported, "there is no libtorch here, which computes on '\(device)'", remedy: "leave --device out")
    }
    return try Device(named: device)
  }
}
