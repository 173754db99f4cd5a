/// What stands around the facts of a story: openings, pauses, turns and endings. None of it states a fact that a thread
/// may contradict.
enum StoryFrame {
  static func openings(
    _ cast: [StoryPerson], _ place: StoryWords.Place, _ weather: String, _ day: String
  ) -> [String] {
    let (first, second, third) = (cast[0], cast[1], cast[2])
    return [
      "Once there were three friends named \(first), \(second) and \(third). They lived in a small village.",
      "\(first), \(second) and \(third) were good friends. One \(weather) morning, they met \(place.at).",
      "It was \(StoryWords.a(weather)) \(day). \(first) was at home, and \(second) and \(third) came to visit \(first.him).",
      "One day, \(first) went for a walk with \(second) and \(third). It was \(StoryWords.a(weather)) day.",
      "On \(day), \(first) called \(second) and \(third). \"Let us meet \(place.at),\" \(first.he) said, and so they did.",
      "\(first) lived in a small house near the \(place.name). \(first.heAtStart) had two friends, \(second) and \(third).",
      "Early on \(day), \(first) woke up and was happy. \(second) and \(third) were already waiting outside.",
    ]
  }

  static func fillers(_ one: StoryPerson, _ other: StoryPerson) -> [String] {
    [
      "Birds were singing in the air.",
      "A soft wind was blowing.",
      "They all laughed and ran around for a while.",
      "Then everybody drank some water.",
      "\(one) told a funny story, and everybody laughed.",
      "\(other) sang a little song.",
      "They played a game, and \(one) won.",
      "\(other) was tired and sat down for a moment.",
      "Far away, a train went by.",
      "They talked about school and about the summer.",
      "They looked at the clouds in the sky.",
      "\(one) jumped up and down.",
      "\"This is fun!\" said \(other).",
      "\"What a nice day,\" said \(one).",
      "Time went by very fast.",
      "Nobody was in a hurry.",
    ]
  }

  static let bridges = [
    "Later that day, they were all together again.",
    "In the afternoon, they sat down and rested.",
    "Soon it was evening, and the three friends sat by the fire.",
    "After a while, it was almost time to go home.",
    "Some time later, they sat in the kitchen and talked.",
    "When the sun went down, the friends were still together.",
    "One hour later, they had much to talk about.",
  ]

  static func endings(_ one: StoryPerson) -> [String] {
    [
      "Everyone was happy.",
      "What a good day it was!",
      "Then they all went home.",
      "\"Let us do this again tomorrow,\" said \(one).",
      "That night, \(one) slept very well.",
      "They promised to meet again soon.",
      "\"Good night,\" said \(one), and they all went to bed.",
      "And so the day came to an end.",
    ]
  }
}
