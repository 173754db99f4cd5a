#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Turns the first Ctrl-C (SIGINT), SIGTERM or SIGHUP into a request that the training loop notices after its step. A
/// second SIGINT or SIGTERM ends the process at once, as if nothing had been installed. SIGHUP never does: a terminal
/// that closes often sends it twice. Where it is ignored, as under `nohup`, it stays so.
public enum StopSignal {
  /// One word of memory with a fixed address: all that a signal handler may touch.
  nonisolated(unsafe) private static let flag: UnsafeMutablePointer<sig_atomic_t> = {
    let pointer = UnsafeMutablePointer<sig_atomic_t>.allocate(capacity: 1)
    pointer.initialize(to: 0)
    return pointer
  }()

  /// Whether a signal has come since `install`.
  public static var isRequested: Bool { flag.pointee != 0 }

  /// Starts listening. For commands, not for libraries: signals belong to the whole process. A pipe that nobody reads any
  /// more becomes an error of its write: a terminal that closes takes `tee` with it, and the run is still to be saved.
  public static func install() {
    flag.pointee = 0  // also makes sure that the handler never is the first to touch it
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGINT)
    sigaddset(&signals, SIGTERM)
    sigaddset(&signals, SIGHUP)
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)  // a parent may have left them blocked
    for number in [SIGINT, SIGTERM] {
      signal(number) { _ in
        // Both `signal` and a store to one word are safe inside a handler.
        StopSignal.flag.pointee = 1
        signal(SIGINT, SIG_DFL)
        signal(SIGTERM, SIG_DFL)
      }
    }
    signal(SIGPIPE, SIG_IGN)
    var before = sigaction()
    sigaction(SIGHUP, nil, &before)
    if !ignores(before) { signal(SIGHUP) { _ in StopSignal.flag.pointee = 1 } }
  }

  private static func ignores(_ action: sigaction) -> Bool {
    #if canImport(Darwin)
      let handler = action.__sigaction_u.__sa_handler
    #else
      let handler = action.__sigaction_handler.sa_handler
    #endif
    return unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
  }

  /// Gives the signals back their default action and forgets a request.
  public static func uninstall() {
    signal(SIGINT, SIG_DFL)
    signal(SIGTERM, SIG_DFL)
    signal(SIGPIPE, SIG_DFL)
    var before = sigaction()
    sigaction(SIGHUP, nil, &before)
    if !ignores(before) { signal(SIGHUP, SIG_DFL) }
    flag.pointee = 0
  }
}
