/// A binary heap whose first element is the one that comes before all others.
struct Heap<Element> {
  private var elements: [Element] = []
  private let comesBefore: (Element, Element) -> Bool

  init(_ comesBefore: @escaping (Element, Element) -> Bool) { self.comesBefore = comesBefore }

  var isEmpty: Bool { elements.isEmpty }

  mutating func push(_ element: Element) {
    elements.append(element)
    var child = elements.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      if !comesBefore(elements[child], elements[parent]) { break }
      elements.swapAt(child, parent)
      child = parent
    }
  }

  mutating func pop() -> Element? {
    guard let first = elements.first else { return nil }
    let last = elements.removeLast()
    if elements.isEmpty { return first }
    elements[0] = last
    var parent = 0
    while true {
      var child = 2 * parent + 1
      guard child < elements.count else { return first }
      if child + 1 < elements.count, comesBefore(elements[child + 1], elements[child]) { child += 1 }
      if !comesBefore(elements[child], elements[parent]) { return first }
      elements.swapAt(child, parent)
      parent = child
    }
  }
}
