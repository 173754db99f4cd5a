extension TextPattern {
  /// The first match that begins at `start` or later.
  func firstMatch(_ text: UTF8Text, from start: Int) -> Range<Int>? {
    var position = start
    var trail = Trail()
    while position < text.end {
      if canStart[Int(text.bytes[position])], let end = match(text, at: position, from: 0, &trail) {
        return position..<end
      }
      position += text.scalar(at: position).length
    }
    return nil
  }

  /// Where to go on when a way turns out to be wrong.
  private struct Choice {
    let instruction: Int
    var position: Int
    /// A run may shrink down to here; equal to `position` for anything else.
    var least: Int
  }

  private struct Trail {
    var choices: [Choice] = []
  }

  /// The end of the match that begins at `start`, by trying ways in order and going back.
  private func match(_ text: UTF8Text, at start: Int, from first: Int, _ trail: inout Trail) -> Int? {
    let floor = trail.choices.count
    var position = start
    var index = first
    while true {
      var fails = false
      switch instructions[index] {
      case .accept:
        trail.choices.removeLast(trail.choices.count - floor)
        return position
      case .set(let set):
        if position < text.end {
          let (scalar, length) = text.scalar(at: position)
          if set.contains(scalar) { position += length } else { fails = true }
        } else {
          fails = true
        }
        index += 1
      case .run(let set, let least, let most, let possessive):
        var count = 0
        var lowest = position
        while count < most, position < text.end {
          let (scalar, length) = text.scalar(at: position)
          if !set.contains(scalar) { break }
          position += length
          count += 1
          if count == least { lowest = position }
        }
        index += 1
        if count < least {
          fails = true
        } else if !possessive, count > least {
          trail.choices.append(Choice(instruction: index, position: position, least: lowest))
        }
      case .fork(let next, let other):
        trail.choices.append(Choice(instruction: other, position: position, least: position))
        index = next
      case .jump(let target): index = target
      case .lookAhead(let negative, let next):
        fails = (match(text, at: position, from: index + 1, &trail) != nil) == negative
        index = next
      case .possessive(let next):
        if let end = match(text, at: position, from: index + 1, &trail) { position = end } else { fails = true }
        index = next
      case .lineEnd:
        fails = position < text.end && text.bytes[position] != 0x0A
        index += 1
      }
      if !fails { continue }
      guard trail.choices.count > floor, var choice = trail.choices.popLast() else { return nil }
      if choice.position > choice.least {
        choice.position -= text.scalar(before: choice.position, from: choice.least).length
        if choice.position > choice.least { trail.choices.append(choice) }
      }
      position = choice.position
      index = choice.instruction
    }
  }
}
