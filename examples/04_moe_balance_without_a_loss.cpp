// Lesson 4: keep the experts of a mixture equally busy, with a counter instead of a loss.
// You should see (about 6 s on 2 cores, 30 MB):
//
//                 busiest, updates                    tokens of new text to each of the 8 experts,
//                 100      200      300     loss      600 would be even
//   left alone    2.04     2.07     2.05     0.098      433   475   407  1250   331   618   526   760
//   balance loss  1.49     1.42     1.33     0.098      756   528   459   747   747   446   622   495
//   bias          1.77     1.20     1.14     0.095      567   561   630   615   605   557   634   631
//                                               its b:  0.08  0.06  0.12  0.01  0.11  0.09  0.06 -0.01
//
// A router that is left alone sends most tokens to a few experts. The classic cure is a loss on the imbalance [V3 Eq.
// 17], whose gradient pulls against the real one. V3 adds a bias b to the affinities where experts are chosen, never
// where they are weighed [V3 Eq. 16], and after each update moves it by gamma against the load [V3 §2.1.2]: no gradient
// at all. Three nets from the same weights read the same text, "3, 10, 17, 24, ..."; as in real text one token is
// everywhere, here the comma. "busiest" is the load of the busiest of 8 experts over the mean load: 1 is perfect.
// Then read paper_notes/moe.md, update_router_bias in src/nn/feed_forward.cpp, router_fwd in src/kernels/router.cpp.
#include <cmath>
#include <cstdio>

#include "base/rng.h"
#include "model/config.h"
#include "model/deepseek_v3.h"
#include "train/pretrainer.h"

using namespace r1;

namespace {

/// Document i: twelve numbers modulo 64 in equal steps (1, 3, 7, ..., each half as common as the one before), commas
/// (64).
Example counting(uint64_t i, double) {
  Rng rng(1, Stream::kData, static_cast<uint32_t>(i));
  int number = rng.range(0, 63), step = 1;
  while (step < 32 && rng.chance(0.5)) step = 2 * step + 1;
  Example e{{}, std::vector<uint8_t>(24, 1), i};
  for (int k = 0; k < 12; ++k, number = (number + step) % 64) e.tokens.push_back(number), e.tokens.push_back(64);
  return e;
}

/// Tokens that each expert gets of text that was not trained on.
std::vector<int64_t> load(const CausalLm& model) {
  PackedSlot text;
  for (size_t i = 0; i < 100; ++i) text.append(counting(1000000 + i, 0), i);
  Arena arena;
  Tape t(arena, nullptr, nullptr, false);
  return lm_loss(t, model, text, {}, 1, 1).routers[0].load;
}

struct Way {
  const char* name;
  double gamma, alpha;  // step of the bias, weight of the loss
  double loss = 0, busiest = 0;
};

}  // namespace

int main() try {
  ThreadPool pool(2);
  Way ways[] = {{"left alone", 0, 0}, {"balance loss", 0, 0.01}, {"bias", 0.003, 0}};
  std::printf("              busiest, updates                    tokens of new text to each of the 8 experts,\n");
  std::printf("              100      200      300     loss      600 would be even\n");
  for (Way& way : ways) {
    ModelConfig shape = find_model_config("nano");
    shape.vocab_size = 65, shape.n_mtp = 0, shape.n_routed_experts = 8, shape.init_std = 0.1;
    DeepseekV3 model(shape);
    model.allocate();
    model.init(1);
    PretrainConfig config;
    config.updates = 300, config.batch_tokens = 1024;
    config.bias_gamma = way.gamma, config.loss.balance_alpha = way.alpha;
    Pretrainer trainer(model, config, counting, pool);
    std::printf("%-13s", way.name);
    while (!trainer.done()) {
      const PretrainReport r = trainer.step();
      if (r.update % 100 == 81) way.loss = way.busiest = 0;
      way.loss += r.loss / 20, way.busiest += r.load_max / 20;
      if (r.update % 100 == 0) std::printf("%5.2f    ", way.busiest);
    }
    std::printf("%6.3f   ", way.loss);
    for (int64_t tokens : load(model)) std::printf(" %5d", static_cast<int>(tokens));
    std::printf("\n");
    if (way.gamma == 0) continue;
    std::printf("%50s", "its b:");
    for (real b : model.buffers()[0].value.to_vector()) std::printf(" %5.2f", static_cast<double>(b));
    std::printf("\n");
  }
  R1_CHECK(ways[0].busiest > 1.8 && ways[2].busiest < 1.3, "the bias did not balance the load");
  R1_CHECK(ways[2].loss < ways[0].loss + 0.02, "balance cost ", ways[2].loss - ways[0].loss, " nats a token");
} catch (const std::exception& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
