/// Who likes to eat what.
struct EatingThread: StoryThread {
  private let foods: [String]
  private let people: [StoryPerson]

  init(_ story: inout StoryTelling) {
    var left = StoryWords.foods
    foods = (0..<2).map { _ in story.take(&left) }
    let first = story.someone()
    people = [first, story.someone(but: first)]
  }

  mutating func introduce(_ story: inout StoryTelling) {
    story.say(
      story.pick([
        "\(people[0]) loved \(foods[0]), but \(people[1]) liked \(foods[1]) more.",
        "\"I like \(foods[0]) best,\" said \(people[0]). \"And I like \(foods[1]) best,\" said \(people[1]).",
        "\(people[0]) ate \(foods[0]) every day, and \(people[1]) ate \(foods[1]).",
      ]))
  }

  mutating func develop(_ story: inout StoryTelling) {}

  func recall(_ story: inout StoryTelling) {
    let cook = story.someone(but: people[0], people[1])
    story.say(
      story.pick([
        "\(cook) cooked for everybody. \(people[1]) got [\(foods[1])], and \(people[0]) got [\(foods[0])].",
        "\"What would you like to eat?\" asked \(cook). \"I would like some [\(foods[0])], please,\" said \(people[0]). \"And I would like some [\(foods[1])],\" said \(people[1]).",
        "Then they were hungry. \(cook) brought \(foods[0]) for \(people[0]) and [\(foods[1])] for \(people[1]).",
        "\"What does \(people[1]) like to eat?\" asked \(cook). \"\(people[1]) likes [\(foods[1])],\" said \(people[0]).",
      ]))
  }
}
