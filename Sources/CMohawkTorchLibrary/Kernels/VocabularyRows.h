// Every loss of a row of logits.
#include "VocabularyRow.h"
#include "VocabularySparseRow.h"
