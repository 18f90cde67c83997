// Problem `index` has level index % 5 + 1, so that any block of problems has the same number a level.
// Paper: [R1 §2.2], [R1 App. B.3.1].
#include "tasks/math_1.h"

#include "base/check.h"

namespace r1 {
namespace {

constexpr MathWords kWords[2] = {
    {"calc ", "first ", " then ", " so ", " wait ", " ok ", " wrong ", "result ", "hmm"},
    {"计算", "首先", "然后", "所以", "等等", "对", "错", "结果", "嗯"},
};

/// All questions of level 1 that belong to a split, in an order of the seed's own.
std::vector<ClockExpression> deal_level_1(uint64_t seed, Split split) {
  std::vector<ClockExpression> all;
  for (int start = 10; start <= 99; ++start)
    for (const char op : {'+', '-'})
      for (int b = 1; b <= 9; ++b) {
        ClockExpression e{start, {{op, b}}};
        if (math_split(e) == split) all.push_back(std::move(e));
      }
  Rng rng(seed, Stream::kTask, 0xFFFFFFFFu, static_cast<uint32_t>(split));
  shuffle(all, rng);
  return all;
}

class Math1 final : public Task {
 public:
  explicit Math1(int language) : language_(language) {}
  std::string name() const override { return language_ ? "math-1-zh" : "math-1"; }
  int levels() const override { return kClockLevels; }

  Problem problem(uint64_t seed, Split split, uint32_t index) const override {
    const int level = static_cast<int>(index % kClockLevels) + 1;
    if (level == 1) {
      const auto dealt = deal_level_1(seed, split);
      return math_problem(dealt[index / kClockLevels % dealt.size()], language_);
    }
    Rng rng(seed, Stream::kTask, index, static_cast<uint32_t>(split));
    while (true) {
      const ClockExpression e = draw_clock(level, rng);
      if (math_split(e) == split) return math_problem(e, language_);
    }
  }

 private:
  int language_;
};

R1_REGISTER(TaskFactory, "math-1", [] { return std::unique_ptr<Task>(new Math1(0)); });
R1_REGISTER(TaskFactory, "math-1-zh", [] { return std::unique_ptr<Task>(new Math1(1)); });

std::string key_of(const ClockExpression& e) { return cat("math-1:", clock_key(e)); }

}  // namespace

const MathWords& math_words(int language) {
  R1_CHECK(language == 0 || language == 1, "math-1: language ", language);
  return kWords[language];
}

std::string math_question(const ClockExpression& e, int language) {
  return cat(math_words(language).calc, clock_labelled(e), "?");
}

Problem math_problem(const ClockExpression& e, int language) {
  Problem p;
  p.task = "math-1";
  p.prompt = math_question(e, language);
  p.answer = two_digits(clock_value(e));
  p.checker = "rational";
  p.data = clock_plain(e);
  p.language = kMathLanguages[language];
  p.level = static_cast<int>(e.steps.size());
  p.key = key_of(e);
  return p;
}

Split math_split(const ClockExpression& e) { return split_of(key_of(e)); }

}  // namespace r1
