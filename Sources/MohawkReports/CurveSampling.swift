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

  /// An exponential mean over about a thirtieth of the curve, without bias at its start; in logarithms on request.
  static func smoothed(_ points: [Point], logarithmic: Bool) -> [Point] {
    let decay = 1 - 1 / max(1, Double(points.count) / 30)
    var (mean, weight) = (0.0, 0.0)
    return points.map { point in
      guard point.y.isFinite, !logarithmic || point.y > 0 else { return point }
      mean = mean * decay + (logarithmic ? log(point.y) : point.y)
      weight = weight * decay + 1
      return (point.x, logarithmic ? exp(mean / weight) : mean / weight)
    }
  }
}
