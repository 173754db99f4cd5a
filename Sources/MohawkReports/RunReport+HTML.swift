import Foundation
import MohawkRecipes

extension RunReport {
  /// The page: one file without outside resources, light or dark as the reader prefers.
  public var html: String {
    let sections =
      [frameSection, stageSection, curveSection].compactMap { $0 } + matrixSections
      + [
        layerSection, decodeSection, sampleSection, measureSection, taskSection, startSection, transferSection,
        recipeSection,
      ].compactMap { $0 }
    return ReportPage.html(
      title: "\(name) – MOHAWK run", kicker: "MOHAWK distillation run", heading: name, lead: lead,
      top: cards + "\n" + warnings, sections: sections, footer: footer)
  }

  /// One section of the page.
  struct Section {
    let id: String
    let title: String
    /// Markup; everything from outside is escaped in it.
    let body: String
    /// One or two sentences on how to read it.
    var note: String?

    var html: String {
      let note = note.map { "<p class=\"note\">\(HTML.escape($0))</p>" } ?? ""
      return """
        <section id="\(id)" aria-labelledby="\(id)-title">
        <h2 id="\(id)-title">\(HTML.escape(title))</h2>
        \(note)
        \(body)
        </section>
        """
    }
  }

  var name: String { recipe?.name ?? info?.name ?? "Run" }

  private var lead: String {
    var parts: [String] = []
    if let recipe {
      let model = recipe.model
      parts.append(
        recipe.teacher.map { "Teacher \($0.split(separator: "/").last.map(String.init) ?? $0)" }
          ?? "Teacher pretrained here: \(model.layers) layers, width \(model.modelDim), \(model.heads) heads")
      let kept = recipe.student.attentionLayers
      let hybrid =
        if let rule = recipe.student.attention {
          ", attention kept by the rule \(rule)"
        } else {
          kept.isEmpty ? "" : ", attention kept in \(kept.count) layer\(kept.count == 1 ? "" : "s")"
        }
      let heads = recipe.student.attentionHeads.count
      let single = heads == 0 ? "" : ", attention kept in \(heads) single head\(heads == 1 ? "" : "s")"
      let state = recipe.student.stateDim.map { "states of size \($0)" } ?? "states as wide as the teacher's heads"
      parts.append("student with \(state)\(hybrid)\(single)")
    }
    if let info { parts.append("on \(info.device) with \(info.threads) thread\(info.threads == 1 ? "" : "s")") }
    let unfinished = stages.filter { !$0.isFinished }.map { $0.stage.title.lowercased() }
    let state = unfinished.isEmpty ? "" : " Not finished: \(unfinished.joined(separator: ", "))."
    return parts.isEmpty ? "A run without a readable recipe.\(state)" : parts.joined(separator: "; ") + ".\(state)"
  }

  private var warnings: String {
    ReportPage.warning("Not shown:", notes)
  }

  private var footer: String {
    let fingerprint = (info?.fingerprint ?? recipe?.fingerprint).map { "Recipe fingerprint \($0). " } ?? ""
    return fingerprint + "Made by swift-mohawk."
  }

  private var cards: String {
    var cards: [(value: String, name: String, note: String)] = []
    if let evaluation {
      if let teacher = evaluation.teacherPerplexity {
        cards.append((Number.short(teacher), "teacher perplexity", Self.parameters(evaluation.teacherParameters)))
      }
      if let student = evaluation.studentPerplexity {
        let ratio = evaluation.teacherPerplexity.map { String(format: "%.2f× the teacher’s", student / $0) }
        cards.append(
          (Number.short(student), "student perplexity", ratio ?? Self.parameters(evaluation.studentParameters)))
      }
      if let agreement = evaluation.agreement {
        cards.append((Self.percent(agreement), "same next token", "of \(Number.count(evaluation.tokens)) positions"))
      }
      if let divergence = evaluation.divergence {
        cards.append((Number.short(divergence), "KL divergence", "nats per token"))
      }
    }
    let distilled = stages.filter { $0.stage != .pretraining }
    if !distilled.isEmpty {
      let tokens = distilled.reduce(0.0) { $0 + Double($1.tokens) }
      cards.append(
        (
          Number.count(Int(min(tokens, 1e18))), "distillation tokens",
          "\(distilled.count) stage\(distilled.count == 1 ? "" : "s")"
        ))
    }
    if !stages.isEmpty {
      cards.append((Number.duration(stages.reduce(0) { $0 + $1.seconds }), "training time", "all stages"))
    }
    if cards.isEmpty { return "" }
    let items = cards.map { card in
      """
      <li><span class="name">\(HTML.escape(card.name))</span><span class="value">\(HTML.escape(card.value))</span>\
      <span class="aside">\(HTML.escape(card.note))</span></li>
      """
    }
    return "<ul class=\"cards\">\n\(items.joined(separator: "\n"))\n</ul>"
  }

  private static func parameters(_ count: Int?) -> String { count.map { "\(Number.count($0)) parameters" } ?? "" }

  static func percent(_ share: Double) -> String {
    share.isFinite ? String(format: "%.1f %%", share * 100) : "–"
  }
}
