import MohawkGGUF

extension GGUFExport {
  /// In which types the matrices of a file stand.
  public struct StoredTypes: Sendable, Equatable {
    /// Matrices whose rows the blocks of the wanted type do not divide, and the type that they have instead.
    public struct Substitute: Sendable, Equatable {
      /// Numbers in a row.
      public let rowLength: Int
      /// What was wanted.
      public let wanted: GGUFType
      /// What was taken: Q5_0 for Q4_K where 32 divides the rows, as llama.cpp's quantize does; else F16.
      public let taken: GGUFType
      /// How many matrices.
      public internal(set) var count: Int
    }

    /// All matrices.
    public private(set) var matrices = 0
    /// Those that are not of the wanted type, by the length of their rows.
    public private(set) var substitutes: [Substitute] = []

    mutating func count(_ taken: GGUFType, insteadOf wanted: GGUFType, rowLength: Int) {
      matrices += 1
      if taken == wanted { return }
      if let place = substitutes.firstIndex(where: { $0.rowLength == rowLength }) {
        substitutes[place].count += 1
      } else {
        substitutes.append(Substitute(rowLength: rowLength, wanted: wanted, taken: taken, count: 1))
      }
    }
  }
}
