import Foundation

/// The page of `mohawk show`: pictures of matrices, their singular values, and how far heads look.
public struct HeadPage {
  /// What is shown, such as a model's name.
  public var name: String
  /// The text that the models read.
  public var text: String
  /// The heads, in order.
  public var views: [HeadView]

  /// One argument per property.
  public init(name: String, text: String, views: [HeadView]) {
    self.name = name
    self.text = text
    self.views = views
  }

  /// One file without outside resources.
  public var html: String {
    let size = views.first?.size ?? 0
    return ReportPage.html(
      title: "\(name) – MOHAWK matrices", kicker: "Mixing matrices", heading: name,
      lead: "\(views.count) head\(views.count == 1 ? "" : "s") over \(size) tokens.", top: "",
      sections: [headSection] + HeadSections(views: views).all + [textSection],
      footer: "Made by swift-mohawk.")
  }

  private var headSection: RunReport.Section {
    let pairs = views.map { view in
      MatrixPanels(
        layer: view.layer, head: view.head, fact: view.error.map { "error \(Number.short($0))" } ?? "",
        panels: view.pictures.map { name, map in
          let fact =
            view.matrices.first { $0.model == name }.map { "norm \(Number.short($0.norm)), rank \($0.rank)" }
            ?? "second − first"
          return .init(title: name.capitalized, map: map, fact: fact)
        })
    }
    return MatrixPanels.section(pairs, note: "")
  }

  private var textSection: RunReport.Section {
    .init(id: "text", title: "Text", body: "<pre tabindex=\"0\">\(HTML.escape(text))</pre>")
  }
}
