/// The colour of something, and who gave it.
struct PresentThread: StoryThread {
  private let owner: StoryPerson
  private let object: String
  private let colour: String
  private let relative: String
  private var other: (owner: StoryPerson, colour: String)?

  init(_ story: inout StoryTelling) {
    owner = story.someone()
    object = story.takeObject()
    colour = story.takeColour()
    relative = story.pick(StoryWords.relatives)
  }

  mutating func introduce(_ story: inout StoryTelling) {
    let present = StoryWords.a("\(colour) \(object)")
    story.say(
      story.pick([
        "\(owner) got \(present) from \(owner.his) \(relative).",
        "\(owner)'s \(relative) gave \(owner.him) \(present).",
        "\(owner) had \(present) with \(owner.him). It was a present from \(owner.his) \(relative).",
      ]))
  }

  mutating func develop(_ story: inout StoryTelling) {
    guard story.chance(60) else { return }
    let second = (owner: story.someone(but: owner), colour: story.takeColour())
    story.say(
      story.pick([
        "\(second.owner) had \(StoryWords.a(object)) too, but it was \(second.colour).",
        "\"My \(object) is \(second.colour),\" said \(second.owner).",
      ]))
    other = second
  }

  func recall(_ story: inout StoryTelling) {
    let friend = story.someone(but: owner)
    story.say(
      story.pick([
        "\"What colour is your \(object), \(owner)?\" asked \(friend). \"It is [\(colour)],\" said \(owner).",
        "\"Who gave you the \(object), \(owner)?\" asked \(friend). \"My [\(relative)] gave it to me,\" said \(owner).",
        "At home, \(owner) drew a picture of \(owner.his) \(object). \(owner.heAtStart) painted it [\(colour)].",
        "\(owner) showed everybody \(owner.his) \(colour) \(object). \"I got it from my [\(relative)],\" \(owner.he) said.",
      ]))
    if let other, story.chance(50) {
      story.say("\"And my \(object) is [\(other.colour)],\" said \(other.owner).")
    }
  }
}
