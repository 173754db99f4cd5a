import HTTPTypes
import Hummingbird
import MohawkServing
import MohawkText

/// Brings a batch's events to a client, as one answer or as a stream, and ends the work when the client goes away.
struct AnswerDelivery: Sendable {
  private let model: ServedModel
  private let limits: ServerLimits
  private let metrics: ServerMetrics

  init(_ model: ServedModel, _ limits: ServerLimits, _ metrics: ServerMetrics) {
    self.model = model
    self.limits = limits
    self.metrics = metrics
  }

  /// - Throws: `APIError` or `BatchFailure` when there is no answer.
  func respond(
    _ answer: some Answer & Sendable, to request: BatchRequest, _ fields: GenerationFields, _ connection: Connection?
  ) async throws -> Response {
    let clock = TokenClock(metrics, model.name)
    let ticket = try model.batch.submit(request) { clock.note($0) }
    metrics.begin()
    connection?.whenGone { ticket.cancel() }
    if fields.streams {
      return Response(
        status: .ok,
        headers: [
          .contentType: "text/event-stream; charset=utf-8", .cacheControl: "no-cache",
        ],
        body: .init { writer in
          defer { end(ticket, connection) }
          var stream = EventStream(writer, WriteStall())
          try await send(answer, ticket, usage: fields.includesUsage, connection, &stream)
          try await stream.finish()
        })
    }
    defer { end(ticket, connection) }
    var answer = answer
    for await event in ticket.events {
      if case .failed(let failure) = event { throw failure }
      answer.note(event)
    }
    return Response(answer.whole())
  }

  private func end(_ ticket: BatchTicket, _ connection: Connection?) {
    ticket.cancel()
    connection?.forget()
    metrics.end()
  }

  private func send(
    _ answer: some Answer, _ ticket: BatchTicket, usage: Bool, _ connection: Connection?,
    _ stream: inout EventStream
  ) async throws {
    var answer = answer
    let stall = stream.stall
    let watch = Task {
      try await stall.wait(limits.writeSeconds)
      connection?.close()
    }
    defer { watch.cancel() }
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
