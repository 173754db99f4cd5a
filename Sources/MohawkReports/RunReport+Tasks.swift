extension RunReport {
  /// What both models reached in tasks.
  var taskSection: Section? {
    guard let tasks, !tasks.student.isEmpty else { return nil }
    let single = tasks.teacher.isEmpty
    return Section(
      id: "tasks", title: "Tasks", body: tasks.table.html(caption: "Tasks, student over teacher"),
      note: single
        ? "Shares with their standard errors."
        : "Shares with their standard errors. Retention is what the student kept of the teacher's lead over chance, where there is one; "
          + "where less is better, the teacher's number over the student's.")
  }
}
