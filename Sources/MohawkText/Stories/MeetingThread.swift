/// Who was met where.
struct MeetingThread: StoryThread {
  private struct Meeting {
    let place: StoryWords.Place
    let name: String
    let job: String
  }

  private let person: StoryPerson
  private let first: Meeting
  private var second: Meeting?

  init(_ story: inout StoryTelling) {
    person = story.someone()
    first = Meeting(place: story.takePlace(), name: story.takeStranger(), job: story.takeJob())
  }

  mutating func introduce(_ story: inout StoryTelling) {
    story.say(
      story.pick([
        "\(person) went to the \(first.place.name) and met \(StoryWords.a(first.job)) named \(first.name).",
        "On the way, \(person) met \(first.name), \(StoryWords.a(first.job)), \(first.place.at).",
        "\"I was \(first.place.at) today,\" said \(person). \"I met \(StoryWords.a(first.job)) there. The \(first.job) is called \(first.name).\"",
      ]))
  }

  mutating func develop(_ story: inout StoryTelling) {
    guard story.chance(60) else { return }
    let meeting = Meeting(place: story.takePlace(), name: story.takeStranger(), job: story.takeJob())
    story.say(
      story.pick([
        "Then \(person) went to the \(meeting.place.name) and met \(meeting.name), \(StoryWords.a(meeting.job)).",
        "After that, \(person) met \(StoryWords.a(meeting.job)) named \(meeting.name) \(meeting.place.at).",
      ]))
    second = meeting
  }

  func recall(_ story: inout StoryTelling) {
    ask(&story, first)
    if let second, story.chance(50) { ask(&story, second) }
  }

  private func ask(_ story: inout StoryTelling, _ meeting: Meeting) {
    let friend = story.someone(but: person)
    let place = meeting.place
    story.say(
      story.pick([
        "\"Whom did you meet \(place.at), \(person)?\" asked \(friend). \"I met [\(meeting.name)],\" said \(person).",
        "\"What is the name of the \(meeting.job)?\" asked \(friend). \"[\(meeting.name)],\" said \(person).",
        "\"What does \(meeting.name) do?\" \(friend) asked \(person). \"\(meeting.name) is \(article(meeting.job)) [\(meeting.job)],\" said \(person).",
        "\"Where did you meet \(meeting.name)?\" \(friend) asked \(person). \"\(capital(place.preposition)) the [\(place.name)],\" said \(person).",
      ]))
  }

  private func article(_ noun: String) -> String {
    String(StoryWords.a(noun).prefix { $0 != " " })
  }

  private func capital(_ word: String) -> String {
    word.prefix(1).uppercased() + word.dropFirst()
  }
}
