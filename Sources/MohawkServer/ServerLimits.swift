/// How much one client may ask for.
public struct ServerLimits: Sendable {
  /// Bytes of a request's body.
  public var bodyBytes = 4 << 20
  /// Tokens of one prompt.
  public var promptTokens = 32_768
  /// New tokens of one continuation.
  public var newTokens = 4_096
  /// Continuations of each prompt.
  public var choices = 8
  /// Prompts of one request.
  public var prompts = 256
  /// Most likely tokens told beside each token.
  public var alternatives = 20
  /// Probabilities told in one answer: those of tokens, and of the likely ones beside them.
  public var scores = 2 << 20
  /// Strings or tokens that end a text.
  public var stops = 16
  /// Tokens of a text whose mixing matrices are computed.
  public var matrixTokens = 256
  /// Requests that may wait.
  public var queue = 64
  /// Connections at a time.
  public var connections = 1_024
  /// Seconds for a whole request.
  public var requestSeconds = 600.0
  /// Seconds until a connection's next request has to begin.
  public var idleSeconds = 75.0
  /// Seconds for the head of a request from when the connection opened, and for its body.
  public var readSeconds = 20.0
  /// Seconds for which a client may leave what is written to it unread.
  public var writeSeconds = 30.0

  /// What suits a server for a few people.
  public init() {}
}
