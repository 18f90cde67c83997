// Lesson 3: what attention must remember of every token: the cache of MLA against that of plain heads.
// You should see (about 2 s, 40 MB):
//
//   DeepSeek-R1 caches 576 numbers a token a layer (512 + 64), plain heads 32768 (128 x (128 + 128)).
//   32768 tokens: 2.1 GiB against 122.0 GiB, 56.9 times as much
//
//   attention       numbers   cache, bytes   one by one = at a stroke
//   MLA, absorbed        80         215040   bit for bit
//   MLA, expanded       640        1720320   bit for bit
//   plain heads         512        1376256   bit for bit
//
//   absorbed and expanded differ by rounding: at most 6e-06 in numbers around 1
//
// Plain multi-head attention keeps a key and a value for every head. MLA [V3 §2.1.1] keeps one latent c, from which the
// keys and values of all heads can be computed, and one rotated key that all heads share. To profit, the heads must
// read c itself: the absorbed form moves W_UK over to the query, q . (W_UK c) = (W_UK^T q) . c [V2 App. C]. The
// expanded form is the same function, computed and cached the plain way. Nets of 6 layers and 8 heads read 100 tokens
// twice: all at a stroke, as in training, and one by one from a cache, as in rollouts.
// Then read paper_notes/mla.md, Mla::forward in src/nn/mla.cpp, src/engine/block_manager.h (who owns the cache).
#include <cmath>
#include <cstdio>

#include "engine/block_manager.h"
#include "model/causal_lm.h"
#include "model/config.h"
#include "model/layout.h"

using namespace r1;

constexpr int32_t kTokens = 100;

/// Final hidden states [100, C] of everything at a stroke.
static std::vector<real> at_a_stroke(const CausalLm& model, const std::vector<token_t>& ids) {
  std::vector<int32_t> positions;
  for (int32_t i = 0; i < kTokens; ++i) positions.push_back(i);
  const int32_t document[] = {0, kTokens};
  Arena arena;
  Tape t(arena, nullptr, nullptr, false);
  return model.forward(t, {ids, positions, document})->value.to_vector();
}

/// The same, one token at a time: each leaves its row in the cache and attends to the rows before.
static std::vector<real> one_by_one(const CausalLm& model, const std::vector<token_t>& ids, BlockManager& cache) {
  std::vector<int32_t> table;  // the blocks of the cache that hold positions 0-15, 16-31, ...
  std::vector<real> hidden;
  for (int32_t i = 0; i < kTokens; ++i) {
    if (i % kKvBlock == 0) table.push_back(cache.allocate());
    KvView view = cache.view();
    view.longest = i + 1;
    for (PagedKv& layer : view.layers)
      layer.block_table = table.data(), layer.table_stride = static_cast<int64_t>(table.size());
    const int32_t document[] = {0, 1};
    Arena arena;
    Tape t(arena, nullptr, nullptr, false);
    const Tensor h = model.forward(t, {{&ids[static_cast<size_t>(i)], 1}, {&i, 1}, document, &view})->value;
    hidden.insert(hidden.end(), h.data(), h.data() + h.numel());
  }
  return hidden;
}

int main() try {
  const ModelConfig big = find_model_config("r1-671b"), small = find_model_config("small");
  const double layers = static_cast<double>(big.n_layers), gib = 2.0 * 32768 / (1 << 30);  // 2 bytes a number
  const double latent = static_cast<double>(cache_numbers(big)), plain = static_cast<double>(mha_cache_numbers(big));
  std::printf("DeepSeek-R1 caches %.0f numbers a token a layer (512 + 64), plain heads %.0f (128 x (128 + 128)).\n",
              latent / layers, plain / layers);
  std::printf("32768 tokens: %.1f GiB against %.1f GiB, %.1f times as much\n\n", latent * gib, plain * gib,
              plain / latent);
  R1_CHECK(latent / layers == 576 && plain / layers == 32768, "expected 576 and 32768 numbers");

  const char* const names[] = {"MLA, absorbed", "MLA, expanded", "plain heads"};
  ModelConfig forms[] = {small, small, small};
  forms[1].attn_form = "expanded";
  forms[2].arch = "dense", forms[2].head_dim = small.v_head_dim;
  std::vector<token_t> ids;
  for (int i = 0; i < kTokens; ++i) ids.push_back(i * 37 % 4096);
  std::vector<real> hidden[3];
  std::printf("attention       numbers   cache, bytes   one by one = at a stroke\n");
  for (size_t f = 0; f < 3; ++f) {
    const auto model = make_model(forms[f]);
    model->allocate();
    model->init(1);
    BlockManager cache(model->kv_shape(), model->n_layers(), kv_blocks(kTokens));
    hidden[f] = at_a_stroke(*model, ids);
    const bool equal = hidden[f] == one_by_one(*model, ids, cache);
    std::printf("%-13s %9d %14zu   %s\n", names[f], static_cast<int>(model->kv_shape().numbers()), cache.bytes(),
                equal ? "bit for bit" : "NO");
    R1_CHECK(equal, names[f], ": the cache changed the result");
  }
  double worst = 0;
  for (size_t i = 0; i < hidden[0].size(); ++i)
    worst = std::max(worst, std::abs(static_cast<double>(hidden[0][i] - hidden[1][i])));
  std::printf("\nabsorbed and expanded differ by rounding: at most %.0e in numbers around 1\n", worst);
  R1_CHECK(worst > 0 && worst < 1e-4, "the two forms differ by ", worst);
} catch (const std::exception& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
