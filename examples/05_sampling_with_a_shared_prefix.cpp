// Lesson 5: draw a group of answers to one question, with the question computed and kept once.
// You should see (about 1 s on 2 cores, 30 MB; times vary):
//
//   users of the blocks of answer 0: 16 16 16 16 16 16 16 16 16 16 16 16 1 1 1 1
//   blocks in use: 76, without sharing 256
//
//      T   top-p   different answers   mean log p   = training forward
//    0.0    1.00                   1       -2.132   bit for bit
//    0.6    0.95                  16       -2.410   bit for bit
//    1.0    0.95                  16       -4.281   bit for bit
//    1.0    1.00                  16       -4.497   bit for bit
//
//   16 answers of 16 equal prompts 72 ms, of 1 prompt 32 ms
//
// GRPO draws G answers to each question [R1 §2.1]. The cache is cut into blocks of 16 tokens that count their users:
// all answers point to the blocks of the prompt, and only the last, partly filled one is copied by whoever writes into
// it. Nothing of this may show in the results. Below, each answer's log-probabilities [R1 Eq. 1] are compared with
// those of the training forward, which reads every answer alone, prompt and all, without any cache. The weights are
// random: what is said is noise, but how it is drawn is not. Then read paper_notes/engine.md, src/engine/worker.cpp
// (prefill, decode, draw), src/engine/block_manager.cpp.
#include <chrono>
#include <cmath>
#include <cstdio>
#include <set>

#include "engine/engine.h"
#include "model/config.h"
#include "model/deepseek_v3.h"
#include "rl/grpo.h"

using namespace r1;

constexpr int kGroup = 16, kPrompt = 200, kNew = 48;

/// The engine's book-keeping without a model: who uses which block once all answers have reached full length.
static void blocks(const CausalLm& model, const Prompts& prompts) {
  SamplingParams p;
  p.n = kGroup, p.max_new_tokens = kNew;
  BlockManager cache(model.kv_shape(), model.n_layers(), 400);
  PromptQueue queue(prompts);
  Scheduler scheduler(cache, queue, p, kGroup);
  scheduler.admit();
  for (int i = 0; i < kNew - 1; ++i)
    for (Sequence& s : scheduler.running()) scheduler.make_room(s), ++s.cached;
  std::printf("users of the blocks of answer 0:");
  for (int32_t b : scheduler.running()[0].blocks) std::printf(" %d", static_cast<int>(cache.users(b)));
  const int64_t used = cache.total() - cache.free_blocks(), alone = kGroup * kv_blocks(kPrompt + kNew - 1);
  std::printf("\nblocks in use: %d, without sharing %d\n\n", static_cast<int>(used), static_cast<int>(alone));
  R1_CHECK(cache.users(scheduler.running()[0].blocks[0]) == kGroup && used < alone / 3, "the prompt is not shared");
}

int main() try {
  ModelConfig shape = find_model_config("toy");
  shape.n_mtp = 0, shape.init_std = 0.2;
  DeepseekV3 model(shape);
  model.allocate();
  model.init(1);
  ThreadPool pool(2);
  std::vector<token_t> prompt;
  for (int i = 0; i < kPrompt; ++i) prompt.push_back(i * 37 % 512);
  blocks(model, {prompt});

  const Engine engine(model, {}, pool);
  SlotRunner training(model.params(), pool);
  std::printf("   T   top-p   different answers   mean log p   = training forward\n");
  for (auto [t, top_p] : {std::pair(0.0, 1.0), {0.6, 0.95}, {1.0, 0.95}, {1.0, 1.0}}) {
    Group g;
    g.prompt = prompt, g.scores.resize(kGroup), g.advantage.resize(kGroup);
    g.completions = engine.generate({prompt}, {.n = kGroup, .temperature = t, .top_p = top_p, .max_new_tokens = kNew});
    const auto logp = answer_logp(training, model, make_policy_batch({g}, t > 0 ? t : 1));
    std::set<std::vector<token_t>> different;
    bool equal = true;
    double sum = 0;
    for (size_t i = 0; i < kGroup; ++i) {
      different.insert(g.completions[i].ids);
      equal = equal && logp[i] == g.completions[i].logp;
      for (real l : logp[i]) sum += static_cast<double>(l);
    }
    std::printf("%4.1f %7.2f %19zu %12.3f   %s\n", t, top_p, different.size(), sum / kGroup / kNew,
                equal ? "bit for bit" : "NO");
    R1_CHECK(equal && (t > 0 || different.size() == 1), "T = ", t, ": not what training sees");
  }

  std::vector<real> logp[2];
  for (size_t shared : {0, 1}) {  // at T = 0, so that both ways must say the same
    const auto start = std::chrono::steady_clock::now();
    for (const Completion& c : engine.generate(Prompts(shared ? 1 : kGroup, prompt),
                                               {.n = shared ? kGroup : 1, .temperature = 0, .max_new_tokens = kNew}))
      logp[shared].insert(logp[shared].end(), c.logp.begin(), c.logp.end());
    const double ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
    std::printf(shared ? "of 1 prompt %.0f ms\n" : "\n16 answers of 16 equal prompts %.0f ms, ", ms);
  }
  R1_CHECK(logp[0] == logp[1], "sharing changed the log-probabilities");
} catch (const std::exception& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
