// Problem `index` of "code-1" has level index % 5 + 1. Paper: [R1 §2.2].
#include "tasks/code_1.h"

#include <algorithm>

#include "base/fields.h"
#include "tasks/drawn_task.h"

namespace r1 {
namespace {

constexpr int kTests = 4;
constexpr int kStages[kCodeLevels][2] = {{0, 1}, {1, 1}, {0, 2}, {1, 2}, {0, 3}};  // plain, vague

constexpr CodeWords kWords[2] = {
    {"code ", "first ", " wait ", " of ", " ok ", " wrong ", " so ", "result ", "hmm", {"turn", "lift", "pick", "cut"}},
    {"码:", "首先", "等等", "比", "对", "错", "所以", "结果", "嗯", {"转", "升", "选", "剪"}},
};

std::string draw_list(int shortest, int longest, Rng& rng) {
  std::string s;
  for (int n = rng.range(shortest, longest); n > 0; --n) s += static_cast<char>('0' + rng.below(10));
  return s;
}

std::string run(const std::vector<PipeOp>& stages, const std::string& input) {
  return *run_pipe({stages, std::nullopt}, input);
}

/// Does the example single out the reading that was meant, and leave something to print at every stage?
bool telling(const CodeProblem& p) {
  std::string list = p.input;
  for (const PipeOp op : p.meant()) {
    list = pipe_apply(op, list);
    if (list.empty()) return false;
  }
  int same = 0;
  for (int n = 0; n < 1 << p.vague(); ++n) same += run(p.reading(n), p.input) == list;
  return same == 1;
}

/// Constant programs must fail: two different outputs, one of them not the example's.
bool various(const CodeProblem& p) {
  std::vector<std::string> outputs;
  for (const std::string& t : p.tests) outputs.push_back(run(p.meant(), t));
  std::sort(outputs.begin(), outputs.end());
  return outputs.front() != outputs.back();
}

template <int language>
Problem draw_problem(int level, Rng& rng) {
  return code_problem(draw_code(level, rng), language);
}

R1_REGISTER(TaskFactory, "code-1", [] { return drawn_task("code-1", kCodeLevels, 32, draw_problem<0>); });
R1_REGISTER(TaskFactory, "code-1-zh", [] { return drawn_task("code-1-zh", kCodeLevels, 32, draw_problem<1>); });

}  // namespace

PipeOp partner_of(PipeOp op) { return static_cast<PipeOp>(static_cast<int>(op) ^ 1); }

int CodeProblem::vague() const {
  return static_cast<int>(std::count_if(stages.begin(), stages.end(), [](const CodeStage& s) { return s.vague; }));
}

std::vector<PipeOp> CodeProblem::meant() const {
  std::vector<PipeOp> ops;
  for (const CodeStage& s : stages) ops.push_back(s.op);
  return ops;
}

std::vector<PipeOp> CodeProblem::reading(int n) const {
  std::vector<PipeOp> ops = meant();
  for (size_t i = ops.size(); i-- > 0;) {
    if (!stages[i].vague) continue;
    ops[i] = static_cast<PipeOp>((static_cast<int>(ops[i]) & ~1) | (n & 1));
    n >>= 1;
  }
  return ops;
}

CodeProblem draw_code(int level, Rng& rng) {
  R1_CHECK(level >= 1 && level <= kCodeLevels, "code-1: level ", level, ", expected 1 to ", kCodeLevels);
  const int plain = kStages[level - 1][0], all = plain + kStages[level - 1][1];
  while (true) {
    CodeProblem p;
    std::vector<int> families{0, 1, 2, 3};
    shuffle(families, rng);
    for (int i = 0; i < all; ++i)
      p.stages.push_back({static_cast<PipeOp>(2 * families[static_cast<size_t>(i)] + rng.range(0, 1)), i >= plain});
    shuffle(p.stages, rng);
    p.input = draw_list(3, 5, rng);
    for (int i = 0; i < kTests; ++i) p.tests.push_back(draw_list(2, 6, rng));
    if (!telling(p) || !various(p)) continue;
    p.output = run(p.meant(), p.input);
    return p;
  }
}

const CodeWords& code_words(int language) {
  R1_CHECK(language == 0 || language == 1, "code-1: language ", language);
  return kWords[language];
}

std::string code_question(const CodeProblem& p, int language) {
  const CodeWords& w = code_words(language);
  std::string words;
  for (const CodeStage& s : p.stages) {
    if (!words.empty()) words += ',';
    words += s.vague ? w.vague[static_cast<int>(s.op) / 2] : name_of(s.op);
  }
  return cat(w.code, words, ";", p.input, ">", p.output, "?");
}

Problem code_problem(const CodeProblem& c, int language) {
  Problem p;
  p.task = "code-1";
  p.prompt = code_question(c, language);
  p.answer = pipe_text({c.meant(), std::nullopt});
  p.checker = "code";
  Json tests = Json::array();
  for (const std::string& t : c.tests) tests.push_back(Json{{"in", t + "\n"}, {"out", run(c.meant(), t) + "\n"}});
  p.data = Json{{"language", "pipe"}, {"block", "whole"}, {"tests", tests}}.dump();
  p.language = language ? "zh" : "en";
  p.level = 1;
  while (kStages[p.level - 1][0] + kStages[p.level - 1][1] != static_cast<int>(c.stages.size()) ||
         kStages[p.level - 1][1] != c.vague())
    ++p.level;
  p.key = cat("code-1:", code_question(c, 0), pipe_text({c.meant(), std::nullopt}));
  return p;
}

}  // namespace r1
