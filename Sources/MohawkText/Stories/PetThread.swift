/// An animal and its name.
struct PetThread: StoryThread {
  private let owner: StoryPerson
  private let pet: String
  private let name: String
  private let kind: String
  private let friend: StoryPerson
  private let otherPet: String
  private let otherName: String
  private var hasOther = false

  init(_ story: inout StoryTelling) {
    owner = story.someone()
    friend = story.someone(but: owner)
    var pets = StoryWords.pets
    var names = StoryWords.petNames
    pet = story.take(&pets)
    otherPet = story.take(&pets)
    name = story.take(&names)
    otherName = story.take(&names)
    kind = story.pick(StoryWords.petKinds)
  }

  mutating func introduce(_ story: inout StoryTelling) {
    story.say(
      story.pick([
        "\(owner) had \(StoryWords.a(kind)) \(pet) named \(name).",
        "\(owner) brought \(owner.his) \(pet) along. It was \(StoryWords.a(kind)) \(pet), and its name was \(name).",
        "With \(owner) came \(owner.his) \(kind) \(pet), \(name).",
      ]))
  }

  mutating func develop(_ story: inout StoryTelling) {
    guard story.chance(60) else { return }
    story.say(
      story.pick([
        "\(friend) had \(StoryWords.a(otherPet)) at home. It was called \(otherName).",
        "\"I have \(StoryWords.a(otherPet)) named \(otherName),\" said \(friend).",
      ]))
    hasOther = true
  }

  func recall(_ story: inout StoryTelling) {
    story.say(
      story.pick([
        "\"What is the name of your \(pet), \(owner)?\" asked \(friend). \"It is called [\(name)],\" said \(owner).",
        "Suddenly, the \(pet) ran away. \"Come back, [\(name)]!\" called \(owner), and it came back at once.",
        "The \(pet) was hungry. \"Here is some food for you, [\(name)],\" said \(owner).",
        "\"\(name) is \(StoryWords.a(kind)) [\(pet)],\" said \(friend). \(owner) was proud.",
      ]))
    if hasOther, story.chance(50) {
      story.say("\"And what is your \(otherPet) called?\" asked \(owner). \"[\(otherName)],\" said \(friend).")
    }
  }
}
