// Every loss of a row of logits.
#include "Simd/Lanes.h"

#include "VocabularyRow.h"
#include "VocabularySparseRow.h"
