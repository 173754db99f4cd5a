/// Who found something, where, and who has it in the end.
struct GivingThread: StoryThread {
  private let finder: StoryPerson
  private let object: String
  private let place: StoryWords.Place
  private var holder: StoryPerson

  init(_ story: inout StoryTelling) {
    finder = story.someone()
    object = story.takeObject()
    place = story.takePlace()
    holder = finder
  }

  mutating func introduce(_ story: inout StoryTelling) {
    story.say(
      story.pick([
        "\(finder) found \(StoryWords.a(object)) \(place.at).",
        "A day before, \(finder) had found \(StoryWords.a(object)) \(place.at).",
        "\"Look what I found \(place.at)!\" said \(finder). It was \(StoryWords.a(object)).",
        "\(finder) had \(StoryWords.a(object)). \(finder.heAtStart) had found it \(place.at).",
      ]))
  }

  mutating func develop(_ story: inout StoryTelling) {
    for _ in 0..<story.pick(0..<3) {
      let next = story.someone(but: holder)
      story.say(
        story.pick([
          "\(holder) gave the \(object) to \(next).",
          "\"This is for you,\" said \(holder), and gave the \(object) to \(next).",
          "\"May I have the \(object)?\" asked \(next). \"Yes,\" said \(holder), and gave it to \(next.him).",
        ]))
      holder = next
    }
  }

  func recall(_ story: inout StoryTelling) {
    let asker = story.someone(but: holder)
    let third = story.someone(but: holder, asker)
    let friend = story.someone(but: finder)
    story.say(
      story.pick([
        "\"Who has the \(object) now?\" asked \(asker). \"[\(holder)] has it,\" said \(third).",
        "\(asker) wanted to see the \(object), so \(asker.he) went to [\(holder)].",
        "\"Where did you get the \(object)?\" \(friend) asked \(finder). \"I got it \(place.preposition) the [\(place.name)],\" said \(finder).",
        "\"The \(object) is very nice,\" said \(asker). \"Yes,\" said \(third), \"and now [\(holder)] has it.\"",
      ]))
  }
}
