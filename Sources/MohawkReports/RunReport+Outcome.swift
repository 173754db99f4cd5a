extension RunReport {
  /// What the next token costs after short and long contexts.
  var decodeSection: Section? {
    guard !decode.isEmpty else { return nil }
    var models: [String] = []
    for cost in decode where !models.contains(cost.model) { models.append(cost.model) }
    let contexts = Set(decode.map(\.context)).sorted()
    func chart(_ title: String, _ unit: String, _ value: (DecodeCost) -> Double?) -> String {
      let groups = contexts.map { context in
        let values = models.map { model in
          decode.first { $0.model == model && $0.context == context }.flatMap(value)
        }
        return (name: "after \(Number.whole(context)) tokens", values: values)
      }
      guard groups.contains(where: { $0.values.contains { $0 != nil } }) else { return "" }
      let chart = BarChart(title: title, unit: unit, series: models, groups: groups)
      return "<figure><figcaption>\(HTML.escape(title))</figcaption>\(chart.svg())</figure>"
    }
    let time = chart("Time per token", "ms", \.millisecondsPerToken)
    let memory = chart("Memory of the context", "MiB", \.stateMiB)
    return Section(
      id: "decode", title: "Cost of decoding", body: "<div class=\"plots\">\(time)\(memory)</div>",
      note: "Attention reads its whole cache for every token; a state-space model carries a state of fixed size.")
  }

  /// Continuations side by side.
  var sampleSection: Section? {
    guard !samples.isEmpty else { return nil }
    let items = samples.map { sample in
      """
      <article class="sample"><p class="prompt">\(HTML.escape(sample.prompt))</p>
      <div><h3>Teacher</h3><p>\(continuation(sample.teacher))</p></div>
      <div><h3>Student</h3><p>\(continuation(sample.student))</p></div></article>
      """
    }
    return Section(id: "samples", title: "Samples", body: items.joined(separator: "\n"))
  }

  /// A continuation without the space that joins it to its prompt.
  private func continuation(_ text: String) -> String { HTML.escape(String(text.drop { $0 == " " })) }

  /// Further measures of both models.
  var measureSection: Section? {
    guard let rows = evaluation?.rows, !rows.isEmpty else { return nil }
    var table = Table([.init("Measure"), .init("Teacher", .right), .init("Student", .right)])
    for row in rows { table.add([row.name, row.teacher.map(Self.cell) ?? "–", row.student.map(Self.cell) ?? "–"]) }
    return Section(id: "measures", title: "Measures", body: table.html(caption: "Measures of teacher and student"))
  }

  /// Where the student's parameters come from.
  var transferSection: Section? {
    guard !transfer.isEmpty else { return nil }
    var table = Table([.init("Student"), .init("Shape", .right), .init("Origin"), .init("Teacher")])
    for row in transfer {
      table.add([row.student, row.shape.map(String.init).joined(separator: " × "), row.how, row.teacher ?? "–"])
    }
    let body = """
      <details><summary>\(transfer.count) parameters</summary>
      \(table.html(caption: "Where each parameter of the student comes from"))</details>
      """
    return Section(id: "transfer", title: "Weight transfer", body: body)
  }

  /// What both models are at the start.
  var startSection: Section? {
    guard let start else { return nil }
    var table = Table([.init("At the start"), .init("Teacher"), .init("Student")])
    for row in start.rows { table.add([row.name, row.teacher, row.student]) }
    return Section(id: "start", title: "Models", body: table.html(caption: "Teacher and student at the start"))
  }

  /// The resolved recipe.
  var recipeSection: Section? {
    guard let recipeText else { return nil }
    let body = """
      <details><summary>The resolved recipe</summary><pre tabindex="0">\(HTML.escape(recipeText))</pre></details>
      """
    return Section(id: "recipe", title: "Recipe", body: body)
  }
}
