/// Where something was left behind.
struct LosingThread: StoryThread {
  private let owner: StoryPerson
  private let object: String
  private let place: StoryWords.Place
  private let spot: StoryWords.Place
  private let other: StoryWords.Place

  init(_ story: inout StoryTelling) {
    owner = story.someone()
    object = story.takeObject()
    place = story.takePlace()
    spot = story.pick(StoryWords.spots)
    other = story.takePlace()
  }

  mutating func introduce(_ story: inout StoryTelling) {
    let spot = "\(spot.preposition) \(StoryWords.a(spot.name))"
    story.say(
      story.pick([
        "\(owner) took \(owner.his) \(object) to the \(place.name) and left it \(spot).",
        "\(owner) was \(place.at) first and put \(owner.his) \(object) \(spot). \(owner.heAtStart) forgot it there.",
        "When \(owner) played \(place.at), \(owner.he) left \(owner.his) \(object) \(spot).",
      ]))
  }

  mutating func develop(_ story: inout StoryTelling) {
    story.say(
      story.pick([
        "Then the friends walked to the \(other.name) together.",
        "After that, they all played \(other.at).",
        "Then \(owner) and \(story.someone(but: owner)) visited the \(other.name).",
      ]))
  }

  func recall(_ story: inout StoryTelling) {
    let friend = story.someone(but: owner)
    story.say(
      story.pick([
        "\"I cannot find my \(object)!\" said \(owner). \"You left it \(place.preposition) the [\(place.name)],\" said \(friend).",
        "\"Where is your \(object), \(owner)?\" asked \(friend). \"Oh no! I left it \(place.preposition) the [\(place.name)],\" said \(owner).",
        "\(owner) missed \(owner.his) \(object). \"I left it \(place.preposition) the [\(place.name)],\" \(owner.he) said.",
      ]))
    if story.chance(60) {
      story.say(
        story.pick([
          "They went back, and there it was, \(spot.preposition) the [\(spot.name)].",
          "The \(object) was still \(spot.preposition) the [\(spot.name)].",
        ]))
    }
  }
}
