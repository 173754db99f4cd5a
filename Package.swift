// swift-tools-version: 6.1
import PackageDescription

/// Targets free of libtorch build and test in seconds; they come first.
var targets: [Target] = [
  .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
  .target(name: "MohawkFiles"),
  .target(name: "MohawkText", dependencies: ["MohawkFiles", "CZlib"]),
  .target(name: "MohawkRecipes", dependencies: ["MohawkFiles", "Yams"]),
  .target(name: "MohawkReports", dependencies: ["MohawkFiles", "MohawkRecipes"]),
  .testTarget(name: "MohawkFilesTests", dependencies: ["MohawkFiles"]),
  .testTarget(name: "MohawkTextTests", dependencies: ["MohawkText"], resources: [.copy("Goldens")]),
  .testTarget(name: "MohawkRecipesTests", dependencies: ["MohawkRecipes"]),
  .testTarget(name: "MohawkReportsTests", dependencies: ["MohawkReports"]),
]

let package = Package(
  name: "swift-mohawk",
  platforms: [.macOS(.v14)],
  products: [
    .library(name: "MohawkText", targets: ["MohawkText"]),
    .library(name: "MohawkRecipes", targets: ["MohawkRecipes"]),
    .library(name: "MohawkReports", targets: ["MohawkReports"]),
  ],
  dependencies: [
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.5.0"),
  ],
  targets: targets,
  swiftLanguageModes: [.v6],
  cxxLanguageStandard: .cxx20
)
