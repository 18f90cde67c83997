// The arithmetic that a token cannot do without, from the config: floors for speed. A multiply-add counts as 2; norms,
// softmax and rotary angles count nothing. Formulas: the limits of GEMM, attention and experts (paper_notes/speed.md).
// Paper: [V3 §2.1] (shapes). Trap: a tied table is looked up and multiplied, and counts once, as the head.
#pragma once
#include "model/config.h"

namespace r1 {

/// Products of one token with the weights that it meets, head included, without MTP.
double forward_flops(const ModelConfig& c);
/// The same for all MTP modules, their use of the head included.
double mtp_flops(const ModelConfig& c);
/// Attention of one token over `keys` keys, in all n_layers layers: q k^T and the weighted sum of values.
double attention_flops(const ModelConfig& c, double keys);
/// Its backward, one layer recomputed: five products where forward has two.
double attention_backward_flops(const ModelConfig& c, double keys);
/// Training on one document of n tokens: forward, backward (twice the products), attention over the tokens before.
double document_training_flops(const ModelConfig& c, int64_t n);

}  // namespace r1
