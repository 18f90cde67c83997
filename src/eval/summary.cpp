// Means over the answers of a problem, then means and intervals over problems. Paper: [R1 App. D.1], [R1 App. C].
#include "eval/summary.h"

#include <algorithm>

#include "base/check.h"
#include "eval/metrics.h"
#include "eval/pass_at_k.h"
#include "eval/reflective.h"
#include "rewards/language.h"

namespace r1 {
namespace {

using Problems = std::vector<std::vector<Judged>>;

template <class F>
double mean_of(const std::vector<Judged>& answers, const F& f) {
  double sum = 0;
  for (const Judged& a : answers) sum += static_cast<double>(f(a));
  return sum / static_cast<double>(answers.size());
}

int64_t right_answers(const std::vector<Judged>& answers) {
  return std::count_if(answers.begin(), answers.end(), [](const Judged& a) { return a.correct; });
}

EvalFigures figures(const Problems& problems, const EvalOptions& options) {
  // One column per figure, in the order in which they are taken out again below.
  std::vector<std::vector<double>> columns(9);
  for (const auto& answers : problems) {
    const double pass = mean_of(answers, [](const Judged& a) { return a.correct; });
    const double vote = options.cons_k > 0 ? cons_at_k(answers, options.cons_k) : 0.0;
    columns[0].push_back(pass);
    columns[1].push_back(vote);
    columns[2].push_back(vote - pass);
    columns[3].push_back(mean_of(answers, [](const Judged& a) { return a.format; }));
    columns[4].push_back(mean_of(answers, [](const Judged& a) { return a.length; }));
    columns[5].push_back(mean_of(answers, [](const Judged& a) { return a.truncated; }));
    columns[6].push_back(mean_of(answers, [](const Judged& a) { return a.answer.empty(); }));
    columns[7].push_back(mean_of(answers, [](const Judged& a) { return count_words(a.text, reflective_words()); }));
    columns[8].push_back(mean_of(answers, [&](const Judged& a) { return count_words(a.text, options.kin); }));
  }
  const auto b = bootstrap_means(columns, options.resamples, options.seed);
  return {static_cast<int64_t>(problems.size()), b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8]};
}

void add_words(EvalSummary& s, const std::vector<Judged>& answers, const EvalOptions& options) {
  std::vector<std::string> words = reflective_words();
  words.insert(words.end(), options.kin.begin(), options.kin.end());
  for (const auto& w : words) s.word[w] = mean_of(answers, [&](const Judged& a) { return count_word(a.text, w); });
  int64_t with_words = 0;
  for (const Judged& a : answers) {
    const LanguageCount n = count_languages(a.text);
    if (n.words() == 0) continue;
    ++with_words;
    s.language["en"] += static_cast<double>(n.latin) / static_cast<double>(n.words());
    s.language["zh"] += static_cast<double>(n.han) / static_cast<double>(n.words());
  }
  for (auto& [language, sum] : s.language) sum /= static_cast<double>(with_words);
}

void put_level(Record& r, int level, const EvalFigures& f, bool vote) {
  const auto set = [&](const Metric& m, const Interval& i) { r.set_in(m, cat(level), i.value, i.lo, i.hi); };
  set(kEvalLevel, f.pass_at_1);
  if (vote) set(kEvalLevelCons, f.cons);
  set(kEvalLevelFormat, f.format);
  set(kEvalLevelLength, f.length);
  set(kEvalLevelReflective, f.reflective);
}

}  // namespace

EvalSummary summarize(const std::vector<Judged>& answers, const EvalOptions& options) {
  if (answers.empty()) fail("evaluation: no answers");
  const Problems problems = by_problem(answers);
  EvalSummary s;
  s.cons_k = options.cons_k;
  s.samples = static_cast<int64_t>(problems[0].size());
  for (const auto& p : problems) s.samples = std::min(s.samples, static_cast<int64_t>(p.size()));
  s.all = figures(problems, options);

  std::map<int, Problems> levels;
  std::map<std::string, std::vector<double>> prompts;
  for (const auto& p : problems) {
    levels[p[0].level].push_back(p);
    prompts[p[0].language].push_back(mean_of(p, [](const Judged& a) { return a.correct; }));
  }
  for (const auto& [level, group] : levels) s.level[level] = figures(group, options);
  for (const auto& [language, pass] : prompts)
    if (!language.empty()) s.prompt[language] = bootstrap_means({pass}, options.resamples, options.seed)[0];
  for (const int64_t k : options.pass_k) {
    if (k == 1) continue;
    std::vector<double> column;
    for (const auto& p : problems) column.push_back(pass_at_k(static_cast<int64_t>(p.size()), right_answers(p), k));
    s.pass_at[k] = bootstrap_means({column}, options.resamples, options.seed)[0];
  }
  add_words(s, answers, options);
  return s;
}

void put(Record& r, const EvalSummary& s) {
  const auto set = [&](const Metric& m, const Interval& i) { r.set(m, i.value, i.lo, i.hi); };
  r.set(kEvalProblems, static_cast<double>(s.all.problems));
  r.set(kEvalSamples, static_cast<double>(s.samples));
  r.set_in(kEvalPassAt, "1", s.all.pass_at_1.value, s.all.pass_at_1.lo, s.all.pass_at_1.hi);
  for (const auto& [k, i] : s.pass_at) r.set_in(kEvalPassAt, cat(k), i.value, i.lo, i.hi);
  if (s.cons_k > 0) {
    r.set_in(kEvalConsAt, cat(s.cons_k), s.all.cons.value, s.all.cons.lo, s.all.cons.hi);
    set(kEvalConsGain, s.all.cons_gain);
  }
  set(kEvalFormat, s.all.format);
  set(kEvalLength, s.all.length);
  set(kEvalTruncated, s.all.truncated);
  set(kEvalUnparsed, s.all.unparsed);
  set(kEvalReflective, s.all.reflective);
  set(kEvalKin, s.all.kin);
  for (const auto& [level, f] : s.level) put_level(r, level, f, s.cons_k > 0);
  for (const auto& [language, i] : s.prompt) r.set_in(kEvalPrompt, language, i.value, i.lo, i.hi);
  for (const auto& [word, count] : s.word) r.set_in(kEvalWord, word, count);
  for (const auto& [language, share] : s.language) r.set_in(kEvalLanguage, language, share);
}

}  // namespace r1
