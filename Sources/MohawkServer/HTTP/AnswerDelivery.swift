import HTTPTypes
import Hummingbird
import MohawkServing
import MohawkText

/// Brings a batch's events to a client, as one answer or as a stream, and ends the work when the client goes away.
struct AnswerDelivery: Sendable {
  private let model: ServedModel
  private let metrics: ServerMetrics

  init(_ model: ServedModel, _ metrics: ServerMetrics) {
    self.model = model
    self.metrics = metrics
  }

  /// - Throws: `APIError` or `BatchFailure` when there is no answer.
  func respond(
    _ answer: some Answer & Sendable, to request: BatchRequest, _ fields: GenerationFields, _ connection: Connection?
  ) async throws -> Response {
    let clock = TokenClock(metrics, model.name)
    let ticket = try model.batch.submit(request) { clock.note($0) }
    let work = AnswerWork(ticket, connection, metrics)
    if fields.streams {
      return Response(
        status: .ok,
        headers: [
          .contentType: "text/event-stream; charset=utf-8", .cacheControl: "no-cache",
        ],
        body: .init { writer in
          defer { work.end() }
          var stream = EventStream(writer)
          try await send(answer, ticket, usage: fields.includesUsage, &stream)
          try await stream.finish()
        })
    }
    var answer = answer
    for await event in ticket.events {
      if case .failed(let failure) = event { throw failure }
      answer.note(event)
    }
    return Response(answer.whole()) { work.end() }
  }

  private func send(
    _ answer: some Answer, _ ticket: BatchHandle, usage: Bool, _ stream: inout EventStream
  ) async throws {
    var answer = answer
    try await stream.send(answer.opening())
    for await event in ticket.events {
      if case .failed(let failure) = event { return try await stream.send([APIError(failure).json]) }
      answer.note(event)
      try await stream.send(answer.chunks(event))
    }
    if usage { try await stream.send([answer.usageChunk]) }
    try await stream.sendDone()
  }
}
