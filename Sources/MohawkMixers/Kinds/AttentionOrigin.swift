/// What of an attention one of a mixer's parameters starts from, where a student's mixer replaces it.
public enum AttentionOrigin: Sendable, Equatable {
  /// From these parameters of the attention, one after the other by rows, where the student starts as its teacher's
  /// attention; grouped keys and values are repeated for every head.
  case attentionStart([String])
  /// From this parameter of the attention as it is, wherever the student starts.
  case everyStart(String)
  /// From those rows of this parameter of the attention that belong to the heads that a mixer keeps, or to their groups
  /// of keys, wherever the student starts.
  case keptHeads(String)
}
