/// How many things somebody has.
struct CountingThread: StoryThread {
  private let person: StoryPerson
  private let friend: StoryPerson
  private let things: String
  private let otherThings: String
  private let number: String
  private let otherNumber: String
  private let place: StoryWords.Place
  private var hasOther = false

  init(_ story: inout StoryTelling) {
    person = story.someone()
    friend = story.someone(but: person)
    things = story.takeThings()
    otherThings = story.takeThings()
    var numbers = StoryWords.numbers
    number = story.take(&numbers)
    otherNumber = story.take(&numbers)
    place = story.takePlace()
  }

  mutating func introduce(_ story: inout StoryTelling) {
    story.say(
      story.pick([
        "\(person) had \(number) \(things) in \(person.his) pocket.",
        "\(person) collected \(number) \(things) \(place.at).",
        "\(person) found \(number) \(things) and was glad.",
      ]))
  }

  mutating func develop(_ story: inout StoryTelling) {
    guard story.chance(60) else { return }
    story.say(
      story.pick([
        "\(friend) had \(otherNumber) \(otherThings).",
        "\(friend) wanted to collect something too, and found \(otherNumber) \(otherThings).",
      ]))
    hasOther = true
  }

  func recall(_ story: inout StoryTelling) {
    if hasOther, story.chance(50) {
      story.say(
        story.pick([
          "\(person) put [\(number)] \(things) on the table, and \(friend) put [\(otherNumber)] \(otherThings) beside them.",
          "\"\(person) has [\(number)] \(things) and I have [\(otherNumber)] \(otherThings),\" said \(friend).",
        ]))
    } else {
      story.say(
        story.pick([
          "\"How many \(things) do you have, \(person)?\" asked \(friend). \"I have [\(number)],\" said \(person).",
          "\(person) counted the \(things). There were [\(number)].",
          "\(person) said, \"These are my [\(number)] [\(things)].\"",
        ]))
    }
  }
}
