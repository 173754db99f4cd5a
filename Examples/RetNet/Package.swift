// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "RetNet",
  platforms: [.macOS(.v14)],
  dependencies: [.package(name: "swift-mohawk", path: "../..")],
  targets: [
    .executableTarget(
      name: "RetNet",
      dependencies: ["MohawkLayers", "MohawkMixers", "MohawkRecipes", "MohawkRuns", "MohawkTensor"]
        .map { .product(name: $0, package: "swift-mohawk") })
  ],
  swiftLanguageModes: [.v6]
)
