// What a worker's activations come to, before there is a worker: its two kinds of forward and the draw, run over shapes
// alone. Paper: none.
#include <algorithm>

#include "engine/engine.h"
#include "engine/worker.h"
#include "kernels/gemm.h"
#include "kernels/sample.h"

namespace r1 {

namespace {

/// Bytes of one engine step over `rows` sequences of `tokens` new tokens each, none longer than `longest`.
size_t step_bytes(const CausalLm& model, int64_t rows, int64_t tokens, int64_t longest, bool draw) {
  Arena arena(true);
  Tape t(arena, nullptr, nullptr, false);
  KvView kv;
  kv.layers.resize(static_cast<size_t>(model.n_layers()));
  for (PagedKv& layer : kv.layers) layer.latent = model.kv_shape().latent;
  kv.longest = longest;
  std::vector<token_t> ids(static_cast<size_t>(rows * tokens));
  std::vector<int32_t> positions(ids.size()), cu{0};
  for (int64_t i = 0; i < rows; ++i) cu.push_back(static_cast<int32_t>((i + 1) * tokens));
  model.forward(t, TokenBatch{ids, positions, cu, &kv});
  const int64_t c = model.head().value.size(1), v = model.vocab_size();
  if (tokens > 1 || draw) t.alloc({rows, c});  // the last rows; or with samples that begin
  if (draw) {
    t.alloc({std::min(rows, kDrawRows), v}), t.alloc({std::min(rows, kDrawRows)});
    t.exec(sample_workspace(v, 1));
  }
  return arena.peak() + t.workspace_bytes();
}

}  // namespace

size_t Engine::activation_bytes(int64_t longest_prompt, int64_t prompts, const SamplingParams& params) const {
  const int64_t samples = running(prompts, params);
  // Prompts that begin together: so many that their samples fill the batch.
  const int64_t together = std::min((samples + params.n - 1) / params.n, prompts);
  const int64_t fit = std::max<int64_t>(1, static_cast<int64_t>(kPrefillTokens) / std::max<int64_t>(1, longest_prompt));
  return std::max(step_bytes(model_, std::min(together, fit), longest_prompt, longest_prompt, false),
                  step_bytes(model_, samples, 1, longest_prompt + params.max_new_tokens, true));
}

size_t Engine::packed_bytes() const {
  const Tensor& head = model_.head().value;
  return static_cast<size_t>(gemm_packed_size(head.size(0), head.size(1))) * sizeof(real) +
         (packs_weights() ? PackedWeights::bytes(model_.params()) : 0);
}

}  // namespace r1
