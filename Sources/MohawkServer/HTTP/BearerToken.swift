/// The secret that clients must send as `Authorization: Bearer …`.
struct BearerToken: Sendable {
  private let secret: [UInt8]

  init(_ secret: String) { self.secret = Array(secret.utf8) }

  /// Whether a header holds the secret; takes as long for every wrong one of the same length.
  func isIn(_ header: String?) -> Bool {
    guard let header else { return false }
    let parts = header.split(separator: " ", maxSplits: 1)
    guard parts.count == 2, parts[0].lowercased() == "bearer" else { return false }
    let given = Array(parts[1].utf8)
    var difference = UInt(bitPattern: given.count ^ secret.count)
    for index in secret.indices {
      difference |= UInt(secret[index] ^ (given.isEmpty ? 0 : given[index % given.count]))
    }
    return difference == 0
  }
}
