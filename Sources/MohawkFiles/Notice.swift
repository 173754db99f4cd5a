/// What a reader should know although nothing failed: which file was passed over, what a file contradicts.
///
/// A program that shows notices binds ``receiver`` around its work; by default nobody hears them.
public enum Notice {
  /// Where notices go, one sentence each.
  @TaskLocal public static var receiver: @Sendable (String) -> Void = { _ in }

  /// Tells one sentence about a file.
  public static func report(_ message: String, at location: String) { receiver("\(location): \(message)") }
}
