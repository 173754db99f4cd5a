/// Where something was put, and where it was put after that.
struct HidingThread: StoryThread {
  private let owner: StoryPerson
  private let object: String
  private var container: String
  /// Something else in another container, told to be mistaken.
  private var other: (owner: StoryPerson, object: String, container: String)?

  init(_ story: inout StoryTelling) {
    owner = story.someone()
    object = story.takeObject()
    container = story.takeContainer()
  }

  mutating func introduce(_ story: inout StoryTelling) {
    story.say(
      story.pick([
        "\(owner) had \(StoryWords.a(object)). \(owner.heAtStart) put it in \(StoryWords.a(container)).",
        "\(owner) hid \(StoryWords.a(object)) in \(StoryWords.a(container)).",
        "There was \(StoryWords.a(container)) by the door, and \(owner) put \(StoryWords.a(object)) in it.",
        "\"I will keep my \(object) in the \(container),\" said \(owner), and \(owner.he) did.",
      ]))
  }

  mutating func develop(_ story: inout StoryTelling) {
    let next = story.takeContainer()
    if story.chance(40) {
      story.say(
        story.pick([
          "Then \(owner) took the \(object) out of the \(container) and put it in \(StoryWords.a(next)).",
          "But the \(container) was too small, so \(owner) moved the \(object) to \(StoryWords.a(next)).",
          "After that, \(owner) carried the \(object) from the \(container) to \(StoryWords.a(next)).",
        ]))
      container = next
    } else if story.chance(60) {
      let second = (owner: story.someone(but: owner), object: story.takeObject(), container: next)
      story.say(
        story.pick([
          "\(second.owner) put \(StoryWords.a(second.object)) in \(StoryWords.a(next)).",
          "\(second.owner) had \(StoryWords.a(second.object)) too, and put it in \(StoryWords.a(next)).",
        ]))
      other = second
    }
  }

  func recall(_ story: inout StoryTelling) {
    ask(&story, owner, object, container)
    if let other, story.chance(50) { ask(&story, other.owner, other.object, other.container) }
  }

  private func ask(_ story: inout StoryTelling, _ owner: StoryPerson, _ object: String, _ container: String) {
    let friend = story.someone(but: owner)
    story.say(
      story.pick([
        "\"Where is the \(object)?\" asked \(friend). \"It is in the [\(container)],\" said \(owner).",
        "\(friend) needed the \(object). \"\(owner), where is it?\" \(friend.he) asked. \"Look in the [\(container)],\" said \(owner).",
        "\"Do you know where the \(object) is?\" asked \(friend). \(owner) smiled. \"Yes, it is in the [\(container)].\"",
        "\(owner) wanted the \(object). \(owner.heAtStart) opened the [\(container)] and took out the [\(object)].",
        "\(friend) looked for the \(object), and \(owner) helped \(friend.him). It was in the [\(container)].",
      ]))
  }
}
