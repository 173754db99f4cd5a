import Foundation
import HTTPTypes
import Hummingbird
import Logging
import MohawkServing
import MohawkText
import NIOCore

/// What the server answers to what.
struct ServerRoutes: Sendable {
  let models: [ServedModel]
  let limits: ServerLimits
  let token: BearerToken?
  let hosts: AllowedHosts
  let origins: CrossOrigin
  let metrics: ServerMetrics
  let longBodies: LongBodies
  let logger: Logger
  let logsRequests: Bool
  /// Whether new work is refused.
  let isClosing: @Sendable () -> Bool

  var router: Router<ServerContext> {
    let router = Router(context: ServerContext.self, options: [.autoGenerateHeadEndpoints])
    router.add(middleware: RequestLog(logger: logsRequests ? logger : nil))
    router.add(middleware: origins)
    router.add(middleware: ErrorAnswers(metrics: metrics, logger: logger))
    router.add(middleware: HostGate(hosts: hosts))
    router.add(middleware: BearerGate(token: token))
    router.get("/") { _, _ in ServerPage.response }
    router.get("/health") { _, _ in health }
    router.get("/metrics") { _, _ in metricsAnswer }
    router.get("/v1/models") { _, _ in modelList }
    router.get("/v1/models/:model") { _, context in
      let name = context.parameters.get("model") ?? ""
      return Response(try model(name.removingPercentEncoding ?? name).json)
    }
    router.get("/tokenizer_info") { request, _ in
      Response(try model(request.uri.queryParameters["model"].map(String.init)).tokenizerInfo)
    }
    router.get("/matrices") { request, _ in try await matrices(request) }
    router.post("/tokenize") { request, _ in try await read(request, tokenize) }
    router.post("/detokenize") { request, _ in try await read(request, detokenize) }
    router.post("/v1/completions") { request, context in
      let task = try await read(request, completion)
      return try await delivery(task.model).respond(task.answer, to: task.request, task.fields, context.connection())
    }
    router.post("/v1/chat/completions") { request, context in
      let task = try await read(request, chat)
      return try await delivery(task.model).respond(task.answer, to: task.request, task.fields, context.connection())
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

  /// What is made of a request's body.
  private func read<Value: Sendable>(
    _ request: Request, _ make: @escaping @Sendable (RequestFields) throws -> Value
  ) async throws -> Value {
    let body = try await body(of: request)
    return try await longBodies.work(on: body.count) { try make(RequestFields(body: body)) }
  }

  private func body(of request: Request) async throws -> [UInt8] {
    if isClosing() { throw APIError.closing }
    guard request.headers[.contentType]?.lowercased().hasPrefix("application/json") == true else {
      throw APIError(415, "the body must be JSON, with 'Content-Type: application/json'")
    }
    if let encoding = request.headers[.contentEncoding], encoding.lowercased() != "identity" {
      throw APIError(
        415, "the body is encoded as '\(encoding.prefix(40))': send it as it is, without 'Content-Encoding'")
    }
    let tooLarge = APIError(
      413, "the body has more than \(limits.bodyBytes) bytes, which is the limit", code: "body_too_large")
    if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > limits.bodyBytes { throw tooLarge }
    do {
      return Array(try await request.body.collect(upTo: limits.bodyBytes).readableBytesView)
    } catch is NIOTooManyBytesError {
      throw tooLarge
    } catch {
      throw APIError(400, "the body is cut short or damaged")
    }
  }

  private func tokenize(_ fields: RequestFields) throws -> Response {
    let request = try TokenizeRequest(fields)
    let model = try model(request.model)
    let text: String
    switch request.content {
    case .text(let plain): text = plain
    case .chat(let prompt): text = try prompt.text(try model.chat.template(of: model.name))
    }
    let ids = model.tokenizer.encode(text, addingSpecial: request.addsSpecial)
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

  /// A request that was read, for the model's batch.
  private struct GenerationTask<Reply: Answer & Sendable>: Sendable {
    let model: ServedModel
    let answer: Reply
    let request: BatchRequest
    let fields: GenerationFields
  }

  private func completion(_ fields: RequestFields) throws -> GenerationTask<CompletionAnswer> {
    let model = try model(try fields.text("model"))
    let body = try CompletionRequest(fields, limits, model.bounds)
    let prompts = try body.prompts.map { try model.ids($0, limits) }
    let request = try model.batchRequest(
      prompts, body.fields, limit: CompletionRequest.usualLimit, alternatives: body.alternatives,
      scoresPrompts: body.echoes && body.alternatives != nil, limits)
    var echoes: [String]?
    if body.echoes { echoes = prompts.map { (try? model.tokenizer.decode($0, skippingSpecial: true)) ?? "" } }
    let answer = CompletionAnswer(
      head("cmpl", model), request, echoes: echoes,
      scoredBy: body.alternatives == nil ? nil : model.tokenizer)
    return GenerationTask(model: model, answer: answer, request: request, fields: body.fields)
  }

  private func chat(_ fields: RequestFields) throws -> GenerationTask<ChatAnswer> {
    let model = try model(try fields.text("model"))
    let body = try ChatRequest(fields, limits, model.bounds)
    let request = try model.batchRequest(
      [try model.ids(body.prompt, limits)], body.fields, limit: limits.newTokens, alternatives: body.alternatives,
      scoresPrompts: false, limits)
    let answer = ChatAnswer(head("chatcmpl", model), request, model.tokenizer)
    return GenerationTask(model: model, answer: answer, request: request, fields: body.fields)
  }

  private func delivery(_ model: ServedModel) -> AnswerDelivery { AnswerDelivery(model, metrics) }

  private func head(_ kind: String, _ model: ServedModel) -> AnswerHead {
    let id = (0..<24).map { _ in "0123456789abcdef".randomElement()! }
    return AnswerHead(
      id: "\(kind)-\(String(id))", model: model.name, created: Int(Date().timeIntervalSince1970))
  }
}
