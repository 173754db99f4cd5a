/// What a reader should know although nothing failed: which file was passed over, what a file contradicts.
///
/// A program that shows notices runs its work in ``handling(by:_:)``; by default nobody hears them.
public enum Notice {
  /// A type of its own around the function: values of tasks that are functions themselves end an optimised program of
  /// Swift 6 with a bad pointer.
  struct Receiver: Sendable {
    let hear: @Sendable (String) -> Void
  }

  @TaskLocal static var receiver = Receiver { _ in }

  /// Where notices of this task go, one sentence each.
  public static var handler: @Sendable (String) -> Void { receiver.hear }

  /// Runs work whose notices are told to a function.
  /// - Parameters:
  ///   - hear: gets one sentence each.
  ///   - work: what may have something to tell.
  /// - Returns: what the work returns.
  public static func handling<Result>(by hear: @escaping @Sendable (String) -> Void, _ work: () throws -> Result)
    rethrows
    -> Result
  {
    try $receiver.withValue(Receiver(hear: hear), operation: work)
  }

  /// Tells one sentence about a file.
  public static func report(_ message: String, at location: String) { receiver.hear("\(location): \(message)") }
}
