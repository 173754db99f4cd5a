import CMohawkTorch

/// Which of this package's own kernels run: those for any processor, or those for one with AVX2 or AVX-512.
package enum ProcessorKernels: Int32, CaseIterable, Comparable, Sendable {
  case portable, avx2, avx512

  /// The best that this machine can run and nobody forbade.
  package static var current: ProcessorKernels { ProcessorKernels(rawValue: mhk_kernels())! }

  /// Forbids better ones in the whole process, for tests of the others.
  package static func limit(to most: ProcessorKernels) { mhk_limit_kernels(most.rawValue) }

  package static func < (a: ProcessorKernels, b: ProcessorKernels) -> Bool { a.rawValue < b.rawValue }
}
