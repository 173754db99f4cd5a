import CMohawkDecoder

/// Tokens that were looked at after a state, and what moves the state by some of them.
final class VerifiedTokens {
  let record: mhk_record
  var position = 0
  var ids: [Int32] = []

  init() {
    var record = mhk_record(object: UnsafeMutableRawPointer(bitPattern: 8)!)
    check(mhk_record_new(&record))
    self.record = record
  }

  deinit { mhk_record_free(record) }
}
