import MohawkFiles
import MohawkTensor
public enum Weights {
  public static func open(_ folder: String) throws -> any WeightStore { try SafetensorsFile(folder + "/model.safetensors") }
  public static func write(_ t: [(name: String, tensor: Tensor)], metadata: [String: String] = [:], to folder: String) throws {
    try Safetensors.write(t, metadata: metadata, to: folder + "/model.safetensors")
  }
}
