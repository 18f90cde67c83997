// Lesson 6: GRPO by hand on a two-armed bandit, then the project's trainer on countdown, from a net that knows nothing.
// You should see (about 10 s on 2 cores, 40 MB):
//   rollout   p(right)   mean reward   clipped
//         0       0.12          0.44       11%
//        10       0.94          0.69        0%
//        20       0.96          0.69        2%
//
//   rollout   right of 400 held-out problems
//         0        105
//       100        215
//       200        257
//       300        276
// By hand: the policy is one number x, the right arm is pulled with probability 1 / (1 + e^-x), and the slope of log
// p(arm) in x is arm - p(right). A group of 16 pulls makes 64 updates, so the ratio leaves 1 and the clip acts.
// Countdown: "make 24 from 3, 8, 13" as 13+8+3. An answer is two tokens, an even one means + and an odd one -; who
// always adds is right 197 times. Then read paper_notes/grpo.md, src/kernels/policy_loss.cpp, src/rl/trainer.cpp.
#include <cmath>
#include <cstdio>

#include "model/config.h"
#include "model/deepseek_v3.h"
#include "rewards/checker.h"
#include "rl/trainer.h"
#include "tasks/countdown.h"

using namespace r1;

static double probability(int arm, double x) { return 1 / (1 + std::exp(arm ? -x : x)); }
static void bandit() {
  const double pays[] = {0.2, 0.8}, clip = 0.2, beta = 0.01, x_ref = -2;  // pays: chance of 1; R1 clips at 10
  double x = x_ref;                                                       // the left arm is pulled 7 times of 8
  Rng rng(1, Stream::kSample);
  std::printf("rollout   p(right)   mean reward   clipped\n");
  for (int rollout = 0; rollout <= 20; ++rollout) {
    const double x_old = x;
    int arm[16];
    double reward[16], mean = 0, var = 0, clipped = 0;
    for (int i = 0; i < 16; ++i)
      arm[i] = rng.chance(probability(1, x)), reward[i] = rng.chance(pays[arm[i]]), mean += reward[i] / 16;
    for (double r : reward) var += (r - mean) * (r - mean) / 16;
    for (int update = 0; update < 64; ++update) {
      const int i = update % 16;
      const double p = probability(arm[i], x), advantage = (reward[i] - mean) / (std::sqrt(var) + 1e-4);  // [R1 Eq. 3]
      const double ratio = p / probability(arm[i], x_old), d = std::log(probability(arm[i], x_ref) / p);
      const double free = ratio * advantage, bound = std::min(std::max(ratio, 1 - clip), 1 + clip) * advantage;
      // Uphill on min(free, bound) - beta (e^d - d - 1) [R1 Eq. 1-2]: its slope in log p, times that of log p in x.
      const double slope = (free <= bound ? free : 0) - beta * (1 - std::exp(d));
      x += 0.1 * slope * (arm[i] - probability(1, x));
      clipped += free > bound;
    }
    if (rollout % 10 == 0)
      std::printf("%7d %10.2f %13.2f %8.0f%%\n", rollout, probability(1, x_old), mean, clipped / 64 * 100);
  }
  R1_CHECK(probability(1, x) > 0.9, "p(right) = ", probability(1, x), ": the better arm was not found");
}

static Problem problem(Split split, uint32_t i) {  // level 1, as every fourth is: three numbers, sums and differences
  return Registry<TaskFactory>::get().find("task", "countdown")()->problem(1, split, 4 * i);
}
static std::vector<token_t> encode(const Problem& p) {  // the numbers, ascending, and the target: one token each
  std::vector<token_t> ids = countdown_numbers(p);
  ids.push_back(std::stoi(p.answer));
  return ids;
}
static Score judge(const Problem& p, const std::vector<token_t>& ids) {
  const std::vector<token_t> n = encode(p);
  const std::string answer = cat(n[2], ids[0] % 2 ? "-" : "+", n[1], ids[1] % 2 ? "-" : "+", n[0]);
  const double right = check_answer(p, answer) == Verdict::kRight;
  return {.accuracy = right, .total = right, .answer = answer};
}

static void countdown() {
  ModelConfig shape = find_model_config("nano");
  shape.vocab_size = 100, shape.dim = 64, shape.n_mtp = 0, shape.init_std = 0.1;
  DeepseekV3 policy(shape), reference(shape);
  policy.allocate(), reference.allocate(), policy.init(1);
  GrpoConfig c;
  c.questions = 64, c.group_size = 8, c.max_new_tokens = 2, c.lr = 1e-3, c.kl_beta = 0.05, c.ref_refresh = 0;
  const auto next = [](uint32_t rollout, uint32_t q) { return problem(Split::kTrain, 64 * rollout + q); };
  ThreadPool pool(2);
  GrpoTrainer trainer(policy, reference, c, {next, encode, at_once(judge), -1}, pool, 1);
  Prompts held_out;
  for (uint32_t i = 0; i < 400; ++i) held_out.push_back(encode(problem(Split::kTest, i)));
  int right = 0;
  std::printf("\nrollout   right of 400 held-out problems\n");
  for (; trainer.rollouts() <= 300; trainer.step()) {
    if (trainer.rollouts() % 100 != 0) continue;
    right = 0;
    for (const Completion& o : Engine(policy, {}, pool).generate(held_out, {.max_new_tokens = 2}))
      right += judge(problem(Split::kTest, static_cast<uint32_t>(o.prompt)), o.ids).accuracy > 0;
    std::printf("%7d %10d\n", static_cast<int>(trainer.rollouts()), right);
  }
  R1_CHECK(right > 240, right, " of 400 right: no more than the shortcut");
}

int main() try { bandit(), countdown(); } catch (const std::exception& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
