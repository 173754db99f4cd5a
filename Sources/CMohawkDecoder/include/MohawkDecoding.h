// The next tokens of sequences, computed without libtorch: one pass over the weights in the order in which they are used,
// states in fp32 changed in place, nothing allocated per token.
//
// A plan borrows all memory that its descriptions point to. Numbers are fp32 unless said otherwise; matrices are
// [rows, columns] as a Linear's.
#ifndef MOHAWK_DECODING_H
#define MOHAWK_DECODING_H

#include "MohawkBase.h"
#include "MohawkWeightMatrix.h"

#if defined(__clang__)
#pragma clang assume_nonnull begin
#endif
#ifdef __cplusplus
extern "C" {
#endif

// x to weights x + bias.
typedef struct {
  mhk_matrix weights;
  const float *MHK_NULLABLE bias;
} mhk_weighted_sum;

// LayerNorm with a bias, RMSNorm without; none without weight.
typedef struct {
  const float *MHK_NULLABLE weight, *MHK_NULLABLE bias;
  float epsilon;
} mhk_normalisation;

// A causal depth-wise convolution: taps [width, channels], the last row for the current token.
typedef struct {
  const float *MHK_NULLABLE taps, *MHK_NULLABLE bias;
  int64_t width, channels;
  bool silu;
} mhk_taps;

enum { MHK_SEQUENTIAL = 0, MHK_PARALLEL, MHK_PARALLEL_NORMS, MHK_MIXER_ONLY };
enum { MHK_ACTIVATE_GELU = 0, MHK_ACTIVATE_GELU_TANH, MHK_ACTIVATE_SILU, MHK_ACTIVATE_RELU, MHK_ACTIVATE_RELU2 };

// What every layer has beside its mixer. The MLP is down(act(up x)), or down(act(gate x) ⊙ up x) when there is a gate.
typedef struct {
  int32_t layout, activation;
  mhk_normalisation norm, mlp_norm;            // of what enters mixer and MLP
  mhk_normalisation post_norm, mlp_post_norm;  // of what they put out, in sequential layers only
  float residual;                              // multiplies what mixer and MLP add to the stream
  mhk_weighted_sum up, gate, down;
} mhk_layer;

// Softmax attention. Keys and values are kept as `cache` says (MHK_FLOAT32 or MHK_BFLOAT16).
typedef struct {
  int64_t heads, kv_heads, head_dim;
  int64_t window;  // tokens that a token sees; 0 when all
  int64_t first_pair, rotary_pairs;  // which frequencies of the plan rotate a head's dimensions
  float scale;
  float score_cap;  // c of c · tanh(score / c); 0 when there is none
  int32_t cache;
  mhk_weighted_sum query, key, value, out;
  mhk_normalisation query_norm, key_norm;
  bool norms_across_heads;  // over all queries and all keys of a token, and not over each head
} mhk_attention_mixer;

// Softmax attention over the last tokens and the first ones of a text, beside a recurrent part with whose values it
// mixes: a head's output is share · attention + (1 − share) · recurrent part.
typedef struct {
  int64_t tokens, sinks;  // tokens that a token sees, itself included, and first ones beside those; no window: 0 tokens
  int64_t kv_heads, head_dim;
  int64_t first_pair, rotary_pairs;  // which frequencies of the plan rotate a head's dimensions
  float scale;
  mhk_weighted_sum query, key;
  mhk_normalisation query_norm, key_norm;  // over each head, before it is rotated
  const float *MHK_NULLABLE shares;        // [heads]
} mhk_window;

// Heads of a recurrent mixer that are full softmax attention over its values instead. Keys and values are kept as `cache`
// says (MHK_FLOAT32 or MHK_BFLOAT16).
typedef struct {
  int64_t count, groups, head_dim;  // how many there are, and heads of keys that they share; none: 0
  const int64_t *MHK_NULLABLE heads, *MHK_NULLABLE group_of;  // [count]: which heads they are, and whose keys they have
  int64_t first_pair, rotary_pairs;  // which frequencies of the plan rotate a head's dimensions
  float scale;
  int32_t cache;
  mhk_weighted_sum query, key;
  mhk_normalisation query_norm, key_norm;  // over each head, before it is rotated
} mhk_kept_heads;

// Discrete-Mamba-2, or Mamba-2 when there are rates: then `decay` gives step sizes, softplus(decay + step_bias) within
// the limits, and a decay is exp(step · rate); else a decay is sigmoid(−decay). The gate z is under a norm or alone.
typedef struct {
  int64_t heads, head_dim, groups, state_dim, norm_groups;
  mhk_weighted_sum x, bc, z, decay, out;
  mhk_taps x_taps, bc_taps;
  const float *MHK_NULLABLE rates, *MHK_NULLABLE step_bias;
  float least_step, largest_step;
  const float *MHK_NULLABLE skip;
  mhk_normalisation norm;
  mhk_window window;
  mhk_kept_heads kept;
} mhk_ssd_mixer;

// Mamba. `parameters` gives [rank of the steps | B | C] from the convolved x; rates [channels, state_dim].
typedef struct {
  int64_t channels, state_dim, rank;
  mhk_weighted_sum x, z, parameters, steps, out;
  mhk_taps taps;
  const float *MHK_NULLABLE rates, *MHK_NULLABLE skip;
} mhk_scan_mixer;

// What is not in layers.
typedef struct {
  int64_t model_dim, vocabulary;
  mhk_matrix embedding;
  const float *MHK_NULLABLE positions;  // learned, [positions, model_dim]
  float embedding_scale;
  mhk_normalisation norm;
  mhk_weighted_sum head;
  float logit_divisor;
  float logit_cap;  // c of c · tanh(logit / c); 0 when there is none
  const double *MHK_NULLABLE frequencies;  // of the rotary embeddings, in radians per position
  const double *MHK_NULLABLE magnitudes;   // what the cosines and sines of each are multiplied by
  int64_t rotary_pairs;                    // how many frequencies there are
} mhk_plan_shape;

// What one sequence remembers in one layer: memory and the past of one or two convolutions, or keys and values
// [kvHeads, capacity, headDim] of which the first `filled` rows are in use. Where there is a window or are kept heads,
// `filled` is how many tokens were seen. A window has keys [kvHeads, rows, headDim] and values [heads, rows, headDim of
// x], fp32, with sinks + tokens rows: the token at position p has row p among the sinks, else sinks + (p − sinks) mod
// tokens. Kept heads have keys [groups, capacity, headDim] and values [count, capacity, headDim of x].
typedef struct {
  void *first, *second, *MHK_NULLABLE third;
  int64_t filled, capacity;
  float *MHK_NULLABLE window_keys, *MHK_NULLABLE window_values;
  void *MHK_NULLABLE kept_keys, *MHK_NULLABLE kept_values;
} mhk_layer_state;

// The next tokens of one sequence, and of how many of the last of them logits are wanted.
typedef struct {
  const int32_t *ids;
  int64_t count, position, logits;
  const mhk_layer_state *layers;
} mhk_sequence;

typedef struct {
  void *object;
} mhk_plan;
// What `mhk_plan_commit` needs to move a state by tokens that were only looked at.
typedef struct {
  void *object;
} mhk_record;

mhk_error mhk_plan_new(const mhk_plan_shape *shape, mhk_plan *out);
void mhk_plan_free(mhk_plan plan);
mhk_error mhk_plan_add_attention(mhk_plan plan, const mhk_layer *layer, const mhk_attention_mixer *mixer);
mhk_error mhk_plan_add_ssd(mhk_plan plan, const mhk_layer *layer, const mhk_ssd_mixer *mixer);
mhk_error mhk_plan_add_scan(mhk_plan plan, const mhk_layer *layer, const mhk_scan_mixer *mixer);

// Writes the logits of all sequences one after another. Keys and values are written behind the filled rows; other
// states move on, or with a record stay and what moves them is recorded.
mhk_error mhk_plan_run(mhk_plan plan, const mhk_sequence *sequences, int64_t count, int32_t threads,
                       const mhk_record *MHK_NULLABLE record, float *logits);

mhk_error mhk_record_new(mhk_record *out);
void mhk_record_free(mhk_record record);
// Moves a state by the first `count` recorded tokens, but for keys and values, which are there already.
mhk_error mhk_plan_commit(mhk_plan plan, mhk_record record, int64_t count, const mhk_layer_state *layers,
                          int32_t threads);

#ifdef __cplusplus
}
#endif
#if defined(__clang__)
#pragma clang assume_nonnull end
#endif
#endif
