import Foundation
import MohawkTensor

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The accelerator that tests pretend: its memory is none that the processor may touch, an operation on it wants all of its
/// operands there, and copies to it and from it are counted. It must be loaded before the first backward pass of a
/// process, so that tests use it in processes of their own.
public enum PretendDevice {
  /// The library, beside the program that runs the tests.
  public static let library = Bundle.main.executableURL!.deletingLastPathComponent().path + "/PretendDevice"

  nonisolated(unsafe) private static let handle = dlopen(library, RTLD_NOW | RTLD_GLOBAL)

  /// Makes the device available in this process.
  public static func load() -> Device {
    guard handle != nil, let device = try? Device(named: "pretend") else {
      fatalError("the pretended device cannot be loaded: \(dlerror().map { String(cString: $0) } ?? "")")
    }
    return device
  }

  /// Copies between the processor and the device that somebody asked for.
  public struct Traffic: Equatable {
    public var bytesUp, bytesDown, timesUp, timesDown: Int64

    public init(bytesUp: Int64, bytesDown: Int64, timesUp: Int64, timesDown: Int64) {
      (self.bytesUp, self.bytesDown) = (bytesUp, bytesDown)
      (self.timesUp, self.timesDown) = (timesUp, timesDown)
    }
  }

  /// The traffic since this was last asked.
  public static func traffic() -> Traffic {
    typealias Function =
      @convention(c) (
        UnsafeMutablePointer<Int64>, UnsafeMutablePointer<Int64>, UnsafeMutablePointer<Int64>,
        UnsafeMutablePointer<Int64>
      ) -> Void
    let function = unsafeBitCast(dlsym(handle, "pretend_traffic"), to: Function.self)
    var traffic = Traffic(bytesUp: 0, bytesDown: 0, timesUp: 0, timesDown: 0)
    function(&traffic.bytesUp, &traffic.bytesDown, &traffic.timesUp, &traffic.timesDown)
    return traffic
  }
}

/// Where the models and inputs of a test's process are made; tests on another device set it in a process of their own.
public enum TestDevice {
  nonisolated(unsafe) public static var current = Device.cpu
}
