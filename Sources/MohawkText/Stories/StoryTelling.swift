/// A story while it is being told: who is in it, what is still unused, the text and the words that were recalled.
struct StoryTelling {
  private(set) var text = ""
  /// UTF-8 ranges of words that follow from the earlier text.
  private(set) var recalls: [Range<Int>] = []
  private var random: SeededGenerator
  /// The three people who are there all the time.
  private(set) var cast: [StoryPerson] = []

  private var objects = StoryWords.objects
  private var colours = StoryWords.colours
  private var containers = StoryWords.containers
  private var places = StoryWords.places
  private var strangers = StoryWords.strangers
  private var jobs = StoryWords.jobs
  private var things = StoryWords.things
  private var fillers: [String] = []

  init(_ random: SeededGenerator) {
    self.random = random
    chooseCast()
    tell()
  }

  private mutating func chooseCast() {
    var girls = StoryWords.girls
    var boys = StoryWords.boys
    for _ in 0..<3 {
      let isGirl = chance(50)
      cast.append(StoryPerson(name: isGirl ? girls.take(&random) : boys.take(&random), isGirl: isGirl))
    }
  }

  private mutating func tell() {
    fillers = StoryFrame.fillers(cast[pick(0..<3)], cast[pick(0..<3)])
    say(pick(StoryFrame.openings(cast, takePlace(), pick(StoryWords.weathers), pick(StoryWords.days))))
    var threads = chooseThreads()
    for index in threads.indices {
      threads[index].introduce(&self)
      if chance(45) { sayFiller() }
    }
    for index in threads.indices {
      threads[index].develop(&self)
      if chance(45) { sayFiller() }
    }
    startParagraph()
    say(pick(StoryFrame.bridges))
    var order = Array(threads.indices)
    while !order.isEmpty {
      threads[order.take(&random)].recall(&self)
      if !order.isEmpty, chance(20) { sayFiller() }
    }
    say(pick(StoryFrame.endings(cast[pick(0..<3)])))
  }

  private mutating func chooseThreads() -> [any StoryThread] {
    var kinds: [any StoryThread.Type] = [
      HidingThread.self, GivingThread.self, PresentThread.self, MeetingThread.self, LosingThread.self, PetThread.self,
      CountingThread.self, EatingThread.self,
    ]
    return (0..<2 + pick(0..<2)).map { _ in take(&kinds).init(&self) }
  }

  private mutating func sayFiller() {
    if !fillers.isEmpty { say(fillers.take(&random)) }
  }
}

/// A strand of a story: facts that are introduced, perhaps changed, and recalled.
protocol StoryThread {
  init(_ story: inout StoryTelling)
  /// States the facts.
  mutating func introduce(_ story: inout StoryTelling)
  /// Changes them, or tells something that is easily taken for them.
  mutating func develop(_ story: inout StoryTelling)
  /// Asks for them; recalled words stand in brackets.
  func recall(_ story: inout StoryTelling)
}

extension StoryTelling {
  /// Adds sentences. Words in brackets are recalled ones; the brackets are left out.
  mutating func say(_ sentences: String) {
    if !text.isEmpty, text.utf8.last != 0x0A { text += " " }
    var start = 0
    for character in sentences.unicodeScalars {
      switch character {
      case "[": start = text.utf8.count
      case "]": recalls.append(start..<text.utf8.count)
      default: text.unicodeScalars.append(character)
      }
    }
  }

  mutating func startParagraph() { text += "\n" }

  /// True in `percent` of 100 cases.
  mutating func chance(_ percent: Int) -> Bool { random.next(below: 100) < percent }

  mutating func pick(_ range: Range<Int>) -> Int { range.lowerBound + random.next(below: range.count) }

  mutating func pick<Element>(_ elements: [Element]) -> Element { elements[random.next(below: elements.count)] }

  /// Takes an element out, so that it is not used twice.
  mutating func take<Element>(_ elements: inout [Element]) -> Element { elements.take(&random) }

  /// Somebody of the cast who is none of `others`.
  mutating func someone(but others: StoryPerson...) -> StoryPerson {
    pick(cast.filter { !others.contains($0) })
  }

  mutating func takeObject() -> String { objects.take(&random) }
  mutating func takeColour() -> String { colours.take(&random) }
  mutating func takePlace() -> StoryWords.Place { places.take(&random) }
  mutating func takeStranger() -> String { strangers.take(&random) }
  mutating func takeJob() -> String { jobs.take(&random) }
  mutating func takeThings() -> String { things.take(&random) }
  /// A coloured container, `blue box`; neither its colour nor its kind comes again.
  mutating func takeContainer() -> String { "\(colours.take(&random)) \(containers.take(&random))" }
}

extension Array {
  /// Takes out one element by chance.
  fileprivate mutating func take(_ random: inout SeededGenerator) -> Element {
    remove(at: random.next(below: count))
  }
}
