import Foundation
import HTTPTypes
import Hummingbird
import MohawkServing
import MohawkText
import NIOCore

/// What the server answers to what.
struct ServerRoutes: Sendable {
  let models: [ServedModel]
  let limits: ServerLimits
  let token: BearerToken?
  let metrics: ServerMetrics
  /// Whether new work is refused.
  let isClosing: @Sendable () -> Bool

  var router: Router<ServerContext> {
    let router = Router(context: ServerContext.self)
    router.add(middleware: ErrorAnswers(metrics: metrics))
    router.add(middleware: BearerGate(token: token))
    router.get("/") { _, _ in Self.page }
    router.get("/health") { _, _ in health }
    router.get("/metrics") { _, _ in metricsAnswer }
    router.get("/v1/models") { _, _ in modelList }
    router.get("/v1/models/:model") { _, context in
      Response(try model(context.parameters.get("model")?.removingPercentEncoding).json)
    }
    router.get("/tokenizer_info") { request, _ in
      Response(try model(request.uri.queryParameters["model"].map(String.init)).tokenizerInfo)
    }
    router.get("/matrices") { request, _ in try await matrices(request) }
    router.post("/tokenize") { request, _ in try tokenize(try await fields(request)) }
    router.post("/detokenize") { request, _ in try detokenize(try await fields(request)) }
    router.post("/v1/completions") { request, context in
      try await completion(try await fields(request), await context.connection())
    }
    router.post("/v1/chat/completions") { request, context in
      try await chat(try await fields(request), await context.connection())
    }
    return router
  }

  private var health: Response {
    isClosing()
      ? Response(.members(["status": JSONValue("closing")]), status: .serviceUnavailable)
      : Response(.members(["status": JSONValue("ok")]))
  }

  private var metricsAnswer: Response {
    let text = metrics.text(models.map { ($0.name, $0.batch.counts) })
    return Response(
      status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
      body: .init(byteBuffer: ByteBuffer(string: text)))
  }

  private var modelList: Response {
    Response(.members(["object": JSONValue("list"), "data": .array(models.map(\.json))]))
  }

  private static let page = Response(
    status: .ok,
    headers: [
      .contentType: "text/html; charset=utf-8", .cacheControl: "no-cache",
      .contentSecurityPolicy: "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
        + "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ],
    body: .init(byteBuffer: ByteBuffer(bytes: PackageResources.page_html)))

  /// The model of this name; the first one when there is no name.
  private func model(_ name: String?) throws(APIError) -> ServedModel {
    guard let name else { return models[0] }
    if let model = models.first(where: { $0.name == name }) { return model }
    throw APIError(
      404,
      "the model '\(name.prefix(100))' is not served here; there is "
        + models.map { "'\($0.name)'" }.joined(separator: ", "),
      parameter: "model", code: "model_not_found")
  }

  /// The members of a request's body.
  private func fields(_ request: Request) async throws -> RequestFields {
    if isClosing() { throw APIError.closing }
    guard request.headers[.contentType]?.lowercased().hasPrefix("application/json") == true else {
      throw APIError(415, "the body must be JSON, with 'Content-Type: application/json'")
    }
    let tooLarge = APIError(
      413, "the body has more than \(limits.bodyBytes) bytes, which is the limit", code: "body_too_large")
    if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > limits.bodyBytes { throw tooLarge }
    do {
      let buffer = try await request.body.collect(upTo: limits.bodyBytes)
      return try RequestFields(body: Array(buffer.readableBytesView))
    } catch is NIOTooManyBytesError {
      throw tooLarge
    }
  }

  private func tokenize(_ fields: RequestFields) throws -> Response {
    let request = try TokenizeRequest(fields)
    let model = try model(request.model)
    let ids = model.tokenizer.encode(request.text, addingSpecial: request.addsSpecial)
    return Response(
      .members([
        "count": .whole(ids.count), "max_model_len": model.bounds.maxLength.map { .whole($0) } ?? .null,
        "tokens": .array(ids.map { .whole(Int($0)) }),
      ]))
  }

  private func detokenize(_ fields: RequestFields) throws -> Response {
    let model = try model(try fields.text("model"))
    let request = try DetokenizeRequest(fields, limits, model.bounds)
    guard let text = try? model.tokenizer.decode(request.ids) else {
      throw APIError.invalid("tokens", "holds an id that no token has")
    }
    return Response(.members(["prompt": JSONValue(text)]))
  }

  private func matrices(_ request: Request) async throws -> Response {
    if isClosing() { throw APIError.closing }
    let query = request.uri.queryParameters
    func whole(_ name: String) throws -> Int {
      guard let value = query[Substring(name)].flatMap({ Int($0) }) else {
        throw APIError.invalid(name, "must be a whole number in the address")
      }
      return value
    }
    guard let text = query["text"].map(String.init), !text.isEmpty else {
      throw APIError.invalid("text", "is missing in the address")
    }
    let model = try model(query["model"].map(String.init))
    let (layer, head) = (try whole("layer"), try whole("head"))
    return Response(
      model.json(try await model.matrix(of: text, layer: layer, head: head, limits), layer: layer, head: head))
  }

  private func completion(_ fields: RequestFields, _ connection: Connection?) async throws -> Response {
    let model = try model(try fields.text("model"))
    let body = try CompletionRequest(fields, limits, model.bounds)
    let prompts = try body.prompts.map { try model.ids($0, limits) }
    var request = try model.batchRequest(prompts, body.fields, limit: CompletionRequest.usualLimit, limits)
    request.alternatives = body.alternatives
    request.scoresPrompts = body.echoes && body.alternatives != nil
    var echoes: [String]?
    if body.echoes { echoes = prompts.map { (try? model.tokenizer.decode($0, skippingSpecial: true)) ?? "" } }
    let answer = CompletionAnswer(
      head("cmpl", model), request, echoes: echoes,
      scores: body.alternatives.map { _ in CompletionScores(model.tokenizer) })
    return try await AnswerDelivery(model, limits, metrics).respond(answer, to: request, body.fields, connection)
  }

  private func chat(_ fields: RequestFields, _ connection: Connection?) async throws -> Response {
    let model = try model(try fields.text("model"))
    let body = try ChatRequest(fields, limits, model.bounds)
    let ids = try model.ids(body, limits)
    var request = try model.batchRequest([ids], body.fields, limit: limits.newTokens, limits)
    request.alternatives = body.alternatives
    let answer = ChatAnswer(head("chatcmpl", model), request, model.tokenizer)
    return try await AnswerDelivery(model, limits, metrics).respond(answer, to: request, body.fields, connection)
  }

  private func head(_ kind: String, _ model: ServedModel) -> AnswerHead {
    let id = (0..<24).map { _ in "0123456789abcdef".randomElement()! }
    return AnswerHead(
      id: "\(kind)-\(String(id))", model: model.name, created: Int(Date().timeIntervalSince1970))
  }
}
