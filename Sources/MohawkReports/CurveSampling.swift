import Foundation

/// Makes long noisy curves fit for drawing.
enum CurveSampling {
  typealias Point = (x: Double, y: Double)

  /// At most about `count` points: of each stretch the lowest and the highest, so that spikes stay. Gaps stay too.
  static func thinned(_ points: [Point], to count: Int) -> [Point] {
    guard points.count > count, count >= 2 else { return points }
    let stretch = (points.count * 2 + count - 1) / count
    var kept: [Point] = [points[0]]
    for start in stride(from: 1, to: points.count - 1, by: stretch) {
      let range = start..<min(start + stretch, points.count - 1)
      let finite = range.filter { points[$0].y.isFinite }
      guard let low = finite.min(by: { points[$0].y < points[$1].y }),
        let high = finite.max(by: { points[$0].y < points[$1].y })
      else {
        kept.append(points[range.lowerBound])
        continue
      }
      kept += [points[min(low, high)], points[max(low, high)]]
    }
    kept.append(points[points.count - 1])
    return kept
  }

  /// The mean over about a thirtieth of the curve around each point, of logarithms on request. At the steep
  /// start the window shrinks evenly, so that nothing is shifted; at the flat end it only loses what is not there.
  static func smoothed(_ points: [Point], logarithmic: Bool) -> [Point] {
    func counts(_ point: Point) -> Bool { point.y.isFinite && (!logarithmic || point.y > 0) }
    var sums = [(value: 0.0, count: 0.0)]
    for point in points {
      let (value, count) = sums[sums.count - 1]
      let added = counts(point) ? (logarithmic ? log(point.y) : point.y) : 0
      sums.append((value + added, count + (counts(point) ? 1 : 0)))
    }
    let reach = points.count / 60
    return points.enumerated().map { index, point in
      guard counts(point) else { return point }
      let half = min(reach, index)
      let (low, high) = (sums[index - half], sums[min(index + half + 1, points.count)])
      let mean = (high.value - low.value) / (high.count - low.count)
      return (point.x, logarithmic ? exp(mean) : mean)
    }
  }
}
