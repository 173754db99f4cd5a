import CMohawkKernels
import CMohawkTorch

/// The process-wide settings of libtorch, MKL and the C library's allocator.
public enum Runtime {
  /// Whether an operation has loaded libtorch into this process.
  public static var isTorchLoaded: Bool { mhk_is_loaded() }
  /// Whether the library over libtorch is loaded, or lies where it would be loaded from. Where there is none, as beside
  /// `mohawk-run`, the native decoder does alone what it can.
  public static var isTorchAvailable: Bool { mhk_is_available() }
  /// libtorch's version, such as `2.13.0`.
  public static var torchVersion: String { String(cString: mhk_torch_version()) }
  /// The widest instruction set that libtorch's own kernels use here, such as `AVX512`.
  public static var cpuCapability: String { String(cString: mhk_cpu_capability()) }
  /// libtorch's build settings, over several lines.
  public static var buildSettings: String { String(cString: mhk_build_settings()) }
  /// GPUs that this libtorch can use.
  public static var cudaDeviceCount: Int { Int(mhk_cuda_devices()) }

  /// Whether the accelerator of the tests is there.
  static var hasPretendDevice: Bool { mhk_pretend_devices() > 0 }

  /// Threads that one operation may use.
  public static var threads: Int {
    get { Int(mhk_threads()) }
    set { mhk_set_threads(Int32(newValue)) }
  }

  /// Calls `body` once with each number below `count`, from the threads of operations: others would find the processors
  /// taken, where libtorch's wait actively after each operation.
  package static func inParallel(_ count: Int, _ body: @Sendable (Int) -> Void) {
    withoutActuallyEscaping(body) { body in
      withUnsafePointer(to: body) { pointer in
        mhk_in_parallel(Int64(count), UnsafeMutableRawPointer(mutating: pointer)) { context, index in
          context!.assumingMemoryBound(to: (@Sendable (Int) -> Void).self).pointee(Int(index))
        }
      }
    }
  }

  /// Keeps freed memory mapped in this process, so that every training step does not fault the pages of its temporaries
  /// in anew, and gives large tensors a heap of their own, in huge pages where the system has them. False where the C
  /// library has no such setting and only the latter is done.
  @discardableResult
  public static func keepFreedMemory() -> Bool { mhk_keep_freed_memory() }

  /// Lets the system have all memory that was freed so far, such as what only the making of a model needed.
  public static func releaseFreedMemory() { mhk_release_freed_memory() }

  /// Whether MKL chooses its kernels by the processor's features (the default here) or by its vendor, as it does
  /// when nobody says otherwise. Takes effect only before the first matrix product.
  public static func chooseKernels(byFeatures: Bool) { mhk_allow_mkl_features(byFeatures) }
}
