import MohawkFiles
import MohawkText

/// Whether a model can chat: it has a template, has none, or has one that cannot be used here.
enum ChatAbility: Sendable {
  case template(ChatTemplate)
  case none
  case unusable(MohawkError)

  /// What the files of a folder, or of a GGUF file, allow.
  init(folder: String) {
    do {
      self = try ChatTemplate.ofFolder(folder).map { .template($0) } ?? .none
    } catch let error as MohawkError {
      self = .unusable(error)
    } catch {
      self = .unusable(MohawkError(.notReadable, "the chat template cannot be read: \(error)", at: folder))
    }
  }

  /// The Jinja text; nil when there is no template that can be used.
  var source: String? {
    if case .template(let template) = self { template.source } else { nil }
  }

  var obstacle: MohawkError? {
    if case .unusable(let error) = self { error } else { nil }
  }

  /// The template of the model called `name`.
  func template(of name: String) throws(APIError) -> ChatTemplate {
    switch self {
    case .template(let template): return template
    case .none:
      throw APIError(400, "the model '\(name)' has no chat template; use /v1/completions", code: "no_chat_template")
    case .unusable(let error):
      throw APIError(
        400, "the model '\(name)' cannot chat here, /v1/completions works: \(error)",
        code: "chat_template_unusable")
    }
  }
}
