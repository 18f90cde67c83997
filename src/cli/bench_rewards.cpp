// Verdicts a second. Programs of the machine's languages are not timed here: `r1 sandbox --bench`. Paper: none.
#include "cli/bench_rewards.h"

#include <atomic>
#include <chrono>
#include <cstdio>
#include <set>

#include "base/parallel.h"
#include "rewards/checker.h"

namespace r1 {
namespace {

/// Problems of one checker, with what is answered to each.
struct Bench {
  std::string name, task;
  std::vector<Problem> problems;
};

constexpr uint32_t kProblems = 256;

std::vector<Bench> benches() {
  std::vector<Bench> all;
  std::set<std::string> seen;
  for (const auto& [name, make] : Registry<TaskFactory>::get().entries()) {
    const auto task = make();
    Bench b{task->problem(0, Split::kDev, 0).checker, name, {}};
    if (!seen.insert(b.name).second) continue;
    for (uint32_t i = 0; i < kProblems; ++i) b.problems.push_back(task->problem(0, Split::kDev, i));
    all.push_back(std::move(b));
  }
  Bench math{"math", "fractions", {}};
  for (uint32_t i = 0; i < kProblems; ++i) {
    Problem p;
    p.checker = "math", p.answer = cat("\\frac{", i + 1, "}{", 2 * i + 3, "}");
    math.problems.push_back(p);
  }
  all.push_back(std::move(math));
  return all;
}

/// A right answer where the reference is one, a wrong one, a hostile one.
std::string answer_to(const Problem& p, uint64_t turn) {
  static const std::string hostile = std::string(2000, '(') + "9**9**9**9" + std::string(2000, '{');
  return turn % 3 == 0 ? p.answer : turn % 3 == 1 ? p.answer + "1" : hostile;
}

double verdicts_per_second(const Bench& b, int threads, double seconds) {
  ThreadPool pool(threads);
  std::atomic<uint64_t> total{0};
  const auto begin = std::chrono::steady_clock::now();
  const auto passed = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(); };
  pool.run(threads, [&](int64_t, int) {
    uint64_t n = 0;
    while (passed() < seconds)
      for (const Problem& p : b.problems) check_answer(p, answer_to(p, n)), ++n;
    total += n;
  });
  return static_cast<double>(total) / passed();
}

}  // namespace

void bench_rewards(const RewardBench& o) {
  std::printf("verdicts a second; right, wrong and hostile answers in turn, %g s a measurement\n", o.seconds);
  std::printf("%-12s %-12s %14s %14s\n", "checker", "problems of", "1 thread", cat(o.threads, " threads").c_str());
  for (const Bench& b : benches())
    std::printf("%-12s %-12s %14.0f %14.0f\n", b.name.c_str(), b.task.c_str(), verdicts_per_second(b, 1, o.seconds),
                verdicts_per_second(b, o.threads, o.seconds));
}

}  // namespace r1
