// swift-tools-version: 6.2
import Foundation
import PackageDescription

/// The libtorch to build against: `MOHAWK_TORCH` when set, else the wheel that `Scripts/setup` installed.
let torch = ProcessInfo.processInfo.environment["MOHAWK_TORCH"] ?? Context.packageDirectory + "/.torch/2.13.0/torch"
let hasCUDA = FileManager.default.fileExists(atPath: torch + "/lib/libtorch_cuda.so")

/// C++ is optimised in debug builds too, and its warnings are errors.
let kernelSettings: [CXXSetting] = [.unsafeFlags(["-O2", "-Wall", "-Werror"])]
// C++ finds the headers of another target by its path: a dependency would make them modules, which it cannot build here.
let kernelHeaders: [CXXSetting] = [
  .headerSearchPath("../CMohawkKernels"), .headerSearchPath("../CMohawkKernels/include"),
]
let torchSettings: [CXXSetting] = [
  .unsafeFlags([
    "-O2", "-isystem\(torch)/include", "-isystem\(torch)/include/torch/csrc/api/include", "-Wall", "-Werror",
  ]),
  .define("MOHAWK_LIBTORCH"),
  .headerSearchPath("."), .headerSearchPath("Kernels"), .headerSearchPath("Gloo"),
  .headerSearchPath("../CMohawkTorch"),
  .headerSearchPath("../CMohawkTorch/include"),
  .headerSearchPath("../CMohawkKernels"),
  .headerSearchPath("../CMohawkKernels/include"),
]
let torchLibraries: [LinkerSetting] = [
  .unsafeFlags(["-L\(torch)/lib", "-Xlinker", "-rpath", "-Xlinker", "\(torch)/lib"]),
  .linkedLibrary("torch"), .linkedLibrary("torch_cpu"), .linkedLibrary("c10"),
]
// `--no-as-needed` because nothing names a symbol of the CUDA libraries: loading them registers their kernels.
let cudaLibraries: [LinkerSetting] = [
  .unsafeFlags(["-Xlinker", "--allow-shlib-undefined", "-Xlinker", "--no-as-needed"]),
  .linkedLibrary("torch_cuda"), .linkedLibrary("c10_cuda"),
]

// Programs load libtorch when an operation needs it, and not when they start. What calls it is therefore no part of them,
// but a shared library beside them. To SwiftPM it is an executable that happens to be linked as a library: an executable
// that a target depends on is built with it and not linked into it.
#if os(macOS)
  let asLibrary = ["-Xclang-linker", "-dynamiclib"]
#else
  let asLibrary = ["-Xclang-linker", "-shared", "-Xclang-linker", "-Wno-unused-command-line-argument"]
#endif

/// Targets free of libtorch build and test in seconds; they come first.
let targets: [Target] = [
  .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
  .target(name: "MohawkFiles"),
  .target(name: "MohawkText", dependencies: ["MohawkGGUF", "MohawkFiles", "CZlib"]),
  .target(name: "MohawkRecipes", dependencies: ["MohawkFiles", "Yams"]),
  .target(name: "MohawkReports", dependencies: ["MohawkFiles", "MohawkRecipes"]),
  .target(name: "MohawkGGUF", dependencies: ["MohawkFiles"]),
  .testTarget(name: "MohawkFilesTests", dependencies: ["MohawkFiles"]),
  .testTarget(
    name: "MohawkTextTests", dependencies: ["MohawkText", "MohawkGGUF", "MohawkFiles"], resources: [.copy("Goldens")]),
  .testTarget(name: "MohawkRecipesTests", dependencies: ["MohawkRecipes"]),
  .testTarget(name: "MohawkReportsTests", dependencies: ["MohawkReports"]),
  .testTarget(
    name: "MohawkGGUFTests", dependencies: ["MohawkGGUF", "MohawkFiles"], resources: [.copy("Goldens")]),

  .target(name: "CMohawkKernels", cxxSettings: kernelSettings),
  .target(name: "CMohawkDecoder", cxxSettings: kernelSettings + kernelHeaders + [.headerSearchPath(".")]),
  .executableTarget(
    name: "CMohawkTorchLibrary", cxxSettings: torchSettings,
    linkerSettings: [.unsafeFlags(asLibrary)] + torchLibraries + (hasCUDA ? cudaLibraries : [])),
  .target(name: "CMohawkTorch", dependencies: ["CMohawkKernels"]),
  .target(
    name: "MohawkTensor", dependencies: ["CMohawkTorch", "CMohawkTorchLibrary", "CMohawkKernels", "MohawkFiles"]),
  .target(name: "MohawkWeights", dependencies: ["MohawkTensor", "MohawkGGUF", "MohawkFiles"]),
  .target(name: "MohawkLayers", dependencies: ["MohawkTensor", "MohawkFiles"]),
  .target(name: "MohawkMixers", dependencies: ["MohawkLayers", "MohawkTensor", "MohawkFiles"]),
  .target(
    name: "MohawkModels",
    dependencies: ["MohawkMixers", "MohawkLayers", "MohawkWeights", "MohawkTensor", "MohawkGGUF", "MohawkFiles"]),
  .target(
    name: "MohawkExport",
    dependencies: [
      "MohawkModels", "MohawkMixers", "MohawkLayers", "MohawkWeights", "MohawkTensor", "MohawkText", "MohawkGGUF",
      "MohawkFiles",
    ],
    resources: [
      "configuration", "modeling", "parts", "attention", "state_space", "linear_attention", "fixed_matrices",
    ].map { .embedInCode("TransformersCode/\($0)_mohawk.py") }),
  .target(
    name: "MohawkTraining",
    dependencies: ["CMohawkTorch", "MohawkLayers", "MohawkTensor", "MohawkRecipes", "MohawkFiles"]),
  .target(
    name: "MohawkDistillation",
    dependencies: [
      "MohawkModels", "MohawkMixers", "MohawkLayers", "MohawkTensor", "MohawkTraining", "MohawkRecipes", "MohawkFiles",
    ]),
  .target(
    name: "MohawkEvaluation",
    dependencies: [
      "MohawkDecoding", "MohawkModels", "MohawkGGUF", "MohawkTensor", "MohawkText", "MohawkRecipes", "MohawkReports",
      "MohawkFiles",
    ]),
  .target(
    name: "MohawkDecoding",
    dependencies: [
      "CMohawkDecoder", "CMohawkKernels", "MohawkModels", "MohawkMixers", "MohawkLayers", "MohawkWeights",
      "MohawkTensor", "MohawkGGUF", "MohawkFiles",
    ]),
  .target(
    name: "MohawkServing",
    dependencies: ["MohawkDecoding", "MohawkModels", "MohawkTensor", "MohawkText", "MohawkFiles"]),
  .target(
    name: "MohawkServer",
    dependencies: [
      "MohawkServing", "MohawkDecoding", "MohawkModels", "MohawkMixers", "MohawkTensor", "MohawkText", "MohawkFiles",
      .product(name: "Hummingbird", package: "hummingbird"),
      .product(name: "NIOCore", package: "swift-nio"),
      .product(name: "NIOHTTP1", package: "swift-nio"),
      .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
      .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras"),
      .product(name: "Logging", package: "swift-log"),
    ],
    resources: ["page.html", "page.css", "shared.js", "compare.js", "chat.js"].map { .embedInCode("Page/\($0)") }),
  .target(
    name: "MohawkRuns",
    dependencies: [
      "MohawkDistillation", "MohawkEvaluation", "MohawkServing", "MohawkDecoding", "MohawkTraining", "MohawkExport",
      "MohawkModels", "MohawkMixers", "MohawkTensor", "MohawkText", "MohawkRecipes", "MohawkReports", "MohawkFiles",
    ]),
  .target(
    name: "MohawkCommands",
    dependencies: [
      "MohawkServer", "MohawkServing", "MohawkDecoding", "MohawkModels", "MohawkTraining", "MohawkTensor", "MohawkText",
      "MohawkFiles",
      .product(name: "ArgumentParser", package: "swift-argument-parser"),
      .product(name: "Logging", package: "swift-log"),
    ]),
  .executableTarget(
    name: "mohawk-run",
    dependencies: ["MohawkCommands", .product(name: "ArgumentParser", package: "swift-argument-parser")]),
  .executableTarget(
    name: "mohawk",
    dependencies: [
      "MohawkCommands", "MohawkRuns", "MohawkEvaluation", "MohawkExport", "MohawkGGUF", "MohawkWeights",
      "MohawkDistillation", "MohawkServing", "MohawkDecoding", "MohawkModels", "MohawkTraining", "MohawkTensor",
      "MohawkText", "MohawkRecipes", "MohawkReports", "MohawkFiles",
      .product(name: "ArgumentParser", package: "swift-argument-parser"),
    ]),
  .executableTarget(
    name: "mohawk-bench",
    dependencies: [
      "MohawkDecoding", "MohawkDistillation", "MohawkExport", "MohawkGGUF", "MohawkModels", "MohawkMixers",
      "MohawkTraining", "MohawkTensor", "MohawkText", "MohawkRecipes", "MohawkReports", "MohawkFiles",
      .product(name: "ArgumentParser", package: "swift-argument-parser"),
    ],
    path: "Benchmarks/MohawkBench"),
  .executableTarget(
    name: "mohawk-parity",
    dependencies: [
      "MohawkModels", "MohawkMixers", "MohawkTensor", "MohawkGGUF", "MohawkFiles",
      .product(name: "ArgumentParser", package: "swift-argument-parser"),
    ],
    path: "Parity/MohawkParity"),
  // An accelerator that the tests pretend: a library that registers itself with libtorch when it is loaded.
  .executableTarget(
    name: "PretendDevice", path: "Tests/PretendDevice", cxxSettings: torchSettings,
    linkerSettings: [.unsafeFlags(asLibrary)] + torchLibraries),
  .target(name: "PretendDeviceSupport", dependencies: ["MohawkTensor"], path: "Tests/PretendDeviceSupport"),
  .testTarget(name: "MohawkTensorTests", dependencies: ["MohawkTensor", "PretendDeviceSupport"]),
  .testTarget(
    name: "MohawkWeightsTests", dependencies: ["MohawkWeights", "MohawkTensor", "MohawkFiles"],
    resources: [.copy("Goldens")]),
  .testTarget(name: "MohawkLayersTests", dependencies: ["MohawkLayers"]),
  .testTarget(
    name: "MohawkMixersTests", dependencies: ["MohawkMixers", "MohawkLayers", "MohawkTensor", "PretendDeviceSupport"],
    resources: [.copy("Goldens")]),
  .testTarget(
    name: "MohawkModelsTests",
    dependencies: ["MohawkModels", "MohawkMixers", "MohawkLayers", "MohawkWeights", "MohawkTensor", "MohawkFiles"],
    resources: [.copy("Goldens")]),
  .testTarget(
    name: "MohawkExportTests",
    dependencies: [
      "MohawkExport", "MohawkModels", "MohawkMixers", "MohawkLayers", "MohawkWeights", "MohawkTensor", "MohawkText",
      "MohawkGGUF", "MohawkFiles",
    ]),
  .testTarget(
    name: "MohawkTrainingTests", dependencies: ["MohawkTraining", "MohawkLayers", "MohawkTensor", "MohawkRecipes"]),
  .testTarget(
    name: "MohawkDistillationTests",
    dependencies: [
      "MohawkDistillation", "MohawkModels", "MohawkMixers", "MohawkLayers", "MohawkTensor", "MohawkTraining",
      "MohawkRecipes", "MohawkFiles", "PretendDeviceSupport",
    ], resources: [.copy("Goldens"), .copy("Curves")]),
  .testTarget(
    name: "MohawkEvaluationTests",
    dependencies: [
      "MohawkEvaluation", "MohawkDecoding", "MohawkModels", "MohawkMixers", "MohawkLayers", "MohawkTensor",
      "MohawkText", "MohawkRecipes", "MohawkReports", "MohawkFiles", "PretendDeviceSupport",
    ], resources: [.copy("Goldens")]),
  .testTarget(
    name: "MohawkDecodingTests",
    dependencies: [
      "MohawkDecoding", "MohawkModels", "MohawkMixers", "MohawkLayers", "MohawkWeights", "MohawkGGUF", "MohawkTensor",
      "MohawkFiles", "PretendDeviceSupport",
    ]),
  .testTarget(
    name: "MohawkServingTests",
    dependencies: [
      "MohawkServing", "MohawkDecoding", "MohawkModels", "MohawkMixers", "MohawkLayers", "MohawkTensor", "MohawkText",
      "MohawkFiles", "PretendDeviceSupport",
    ]),
  .testTarget(
    name: "MohawkServerTests",
    dependencies: [
      "MohawkServer", "MohawkServing", "MohawkDecoding", "MohawkModels", "MohawkMixers", "MohawkLayers", "MohawkTensor",
      "MohawkText", "MohawkFiles", "MohawkRuns", "MohawkDistillation", "MohawkExport", "MohawkRecipes", "MohawkReports",
      .product(name: "Hummingbird", package: "hummingbird"), .product(name: "NIOEmbedded", package: "swift-nio"),
      .product(name: "Logging", package: "swift-log"),
    ]),
  .testTarget(
    name: "MohawkRunsTests",
    dependencies: [
      "MohawkRuns", "MohawkDistillation", "MohawkModels", "MohawkMixers", "MohawkTensor", "MohawkTraining",
      "MohawkText", "MohawkRecipes", "MohawkReports", "MohawkFiles",
    ]),
  .testTarget(
    name: "MohawkCommandTests",
    dependencies: [
      "mohawk", "mohawk-run", "MohawkDistillation", "MohawkModels", "MohawkMixers", "MohawkTensor", "MohawkText",
      "MohawkRecipes", "MohawkReports", "MohawkFiles", "PretendDeviceSupport",
    ]),
]

// A warning in a debug build is an error; a release build by another compiler only shows it.
for target in targets where target.type != .system {
  target.swiftSettings =
    (target.swiftSettings ?? []) + [
      .treatAllWarnings(as: .error, .when(configuration: .debug))
    ]
}

let package = Package(
  name: "swift-mohawk",
  platforms: [.macOS(.v14)],
  products: [
    .executable(name: "mohawk", targets: ["mohawk"]),
    .executable(name: "mohawk-run", targets: ["mohawk-run"]),
    .executable(name: "libMohawkTorch.so", targets: ["CMohawkTorchLibrary"]),
    .library(name: "MohawkText", targets: ["MohawkText"]),
    .library(name: "MohawkRecipes", targets: ["MohawkRecipes"]),
    .library(name: "MohawkReports", targets: ["MohawkReports"]),
    .library(name: "MohawkTensor", targets: ["MohawkTensor"]),
    .library(name: "MohawkGGUF", targets: ["MohawkGGUF"]),
    .library(name: "MohawkWeights", targets: ["MohawkWeights"]),
    .library(name: "MohawkLayers", targets: ["MohawkLayers"]),
    .library(name: "MohawkMixers", targets: ["MohawkMixers"]),
    .library(name: "MohawkModels", targets: ["MohawkModels"]),
    .library(name: "MohawkExport", targets: ["MohawkExport"]),
    .library(name: "MohawkTraining", targets: ["MohawkTraining"]),
    .library(name: "MohawkDistillation", targets: ["MohawkDistillation"]),
    .library(name: "MohawkEvaluation", targets: ["MohawkEvaluation"]),
    .library(name: "MohawkDecoding", targets: ["MohawkDecoding"]),
    .library(name: "MohawkServing", targets: ["MohawkServing"]),
    .library(name: "MohawkServer", targets: ["MohawkServer"]),
    .library(name: "MohawkRuns", targets: ["MohawkRuns"]),
  ],
  dependencies: [
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
    .package(url: "https://github.com/apple/swift-nio-extras", from: "1.34.1"),
    .package(url: "https://github.com/apple/swift-log", from: "1.14.0"),
  ],
  targets: targets,
  swiftLanguageModes: [.v6],
  cxxLanguageStandard: .cxx20
)
