// From judged answers to the figures of an evaluation, all with 95% bootstrap intervals over problems, in all and by
// level; and from there into a metrics record. Every problem weighs the same. Paper: [R1 App. D.1], [R1 App. C].
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "eval/bootstrap.h"
#include "eval/judged.h"

namespace r1 {

class Record;

struct EvalOptions {
  int64_t cons_k = 16;                ///< votes; problems need at least as many answers (0 = no vote)
  std::vector<int64_t> pass_k = {};   ///< pass@k for these k beside pass@1; each at most the answers of a problem
  std::vector<std::string> kin = {};  ///< words counted beside the ten
  int resamples = 1000;
  uint64_t seed = 0;
};

/// The figures of a set of problems.
struct EvalFigures {
  int64_t problems = 0;
  Interval pass_at_1, cons, cons_gain, format, length, truncated, unparsed, reflective, kin;
};

struct EvalSummary {
  int64_t samples = 0;  ///< answers a problem (the smallest number, should they differ)
  int64_t cons_k = 0;
  EvalFigures all;
  std::map<int, EvalFigures> level;
  std::map<int64_t, Interval> pass_at;     ///< by k, without k = 1
  std::map<std::string, Interval> prompt;  ///< pass@1 by language of the prompt
  std::map<std::string, double> word;      ///< mean count an answer, the ten and the kin
  std::map<std::string, double> language;  ///< mean share of the words, over answers that have words
};

/// Throws Error when there are no answers, or fewer than k for a problem.
EvalSummary summarize(const std::vector<Judged>& answers, const EvalOptions& options);

/// Writes all of it under the names of eval/metrics.h.
void put(Record& record, const EvalSummary& summary);

}  // namespace r1
