// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "DistilOneLayer",
  platforms: [.macOS(.v14)],
  dependencies: [.package(name: "swift-mohawk", path: "../..")],
  targets: [
    .executableTarget(
      name: "DistilOneLayer",
      dependencies: [
        "MohawkDistillation", "MohawkLayers", "MohawkMixers", "MohawkRecipes", "MohawkTensor", "MohawkTraining",
      ]
      .map { .product(name: $0, package: "swift-mohawk") })
  ],
  swiftLanguageModes: [.v6]
)
