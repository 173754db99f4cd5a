/// The words that stories are made of. Few enough that a small model can learn them all.
enum StoryWords {
  struct Place: Sendable {
    let preposition: String
    let name: String
    var at: String { "\(preposition) the \(name)" }
  }

  static let girls = ["Anna", "Lily", "Mia", "Rosa", "Emma", "Clara", "Nora", "Ella", "Julia", "Lucy", "Hanna", "Vera"]
  static let boys = ["Tom", "Ben", "Sam", "Max", "Leo", "Paul", "Finn", "Jack", "Oscar", "Peter", "Hugo", "David"]
  static let strangers = [
    "Adam", "Martha", "Victor", "Olga", "Simon", "Ruth", "Walter", "Helen", "Frank", "Grace", "Albert", "Ida",
  ]
  static let colours = ["red", "blue", "green", "yellow", "white", "black", "brown", "pink", "grey", "orange"]
  static let objects = [
    "key", "ball", "book", "ring", "cup", "doll", "drum", "coin", "hat", "kite", "lamp", "map", "spoon", "bell",
    "whistle", "scarf", "flute", "umbrella", "clock", "mirror", "brush", "candle", "button", "rope",
  ]
  static let containers = ["box", "bag", "basket", "drawer", "chest", "jar", "pot", "bucket", "suitcase", "cupboard"]
  static let places = [
    Place(preposition: "in", name: "park"), Place(preposition: "in", name: "garden"),
    Place(preposition: "in", name: "forest"), Place(preposition: "in", name: "barn"),
    Place(preposition: "in", name: "library"), Place(preposition: "at", name: "market"),
    Place(preposition: "at", name: "beach"), Place(preposition: "at", name: "lake"),
    Place(preposition: "on", name: "farm"), Place(preposition: "on", name: "hill"),
    Place(preposition: "by", name: "river"), Place(preposition: "at", name: "station"),
    Place(preposition: "in", name: "shop"), Place(preposition: "at", name: "mill"),
    Place(preposition: "on", name: "bridge"), Place(preposition: "in", name: "castle"),
    Place(preposition: "at", name: "harbour"), Place(preposition: "in", name: "museum"),
  ]
  static let spots = [
    Place(preposition: "under", name: "tree"), Place(preposition: "on", name: "bench"),
    Place(preposition: "behind", name: "wall"), Place(preposition: "beside", name: "rock"),
    Place(preposition: "near", name: "gate"), Place(preposition: "on", name: "stone"),
    Place(preposition: "by", name: "fence"),
  ]
  static let jobs = [
    "baker", "farmer", "teacher", "doctor", "sailor", "painter", "singer", "gardener", "nurse", "driver",
  ]
  static let relatives = ["grandmother", "grandfather", "aunt", "uncle", "mother", "father", "sister", "brother"]
  static let pets = ["dog", "cat", "rabbit", "pony", "parrot", "hen", "goat", "duck", "mouse", "sheep"]
  static let petNames = ["Rex", "Fluffy", "Spot", "Coco", "Bella", "Rocky", "Snowy", "Biscuit", "Ginger", "Pepper"]
  static let petKinds = ["small", "big", "clever", "old", "funny", "young", "friendly", "lazy"]
  static let numbers = ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
  static let things = [
    "apples", "pears", "flowers", "berries", "shells", "stones", "nuts", "feathers", "leaves", "mushrooms", "plums",
  ]
  static let foods = ["soup", "bread", "cheese", "rice", "fish", "cake", "honey", "pancakes", "noodles", "carrots"]
  static let days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
  static let weathers = ["sunny", "cold", "windy", "warm", "rainy", "cloudy", "quiet"]

  /// `noun` with the indefinite article.
  static func a(_ noun: String) -> String {
    "aeiou".contains(noun.first!) ? "an \(noun)" : "a \(noun)"
  }
}

/// Somebody in a story.
struct StoryPerson: Sendable, Equatable, CustomStringConvertible {
  let name: String
  let isGirl: Bool

  var description: String { name }
  var he: String { isGirl ? "she" : "he" }
  var him: String { isGirl ? "her" : "him" }
  var his: String { isGirl ? "her" : "his" }
  /// `he` at the start of a sentence.
  var heAtStart: String { isGirl ? "She" : "He" }
}
