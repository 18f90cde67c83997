// The math verifier: is an answer equal to the reference? In: two texts, the second hostile. Out: equal, different or
// unknown, with the reason. Bounded in time and memory whatever the text says; no eval, no floats that decide equality;
// nothing thrown. A reference that cannot be read is an error of the data and makes every answer unknown.
// Links without the tensor stack: src/base/text.cpp and this folder are all that it needs. Paper: [R1 §2.2].
#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "rewards/math/compare.h"
#include "rewards/math/extract.h"

namespace r1::math {

struct Judgement {
  Relation relation = Relation::kUnknown;
  bool bad_gold = false;  ///< the reference cannot be read
  AnswerSource source = AnswerSource::kPlain;
  std::string why;        ///< the rule or limit that spoke, "" for plain equality or difference
  std::string gold_form;  ///< normal forms, if asked for
  std::string answer_form;
  int64_t fuel_used = 0;
};

/// Compares two expressions as they stand.
Judgement compare_texts(std::string_view gold, std::string_view answer, bool show_forms = false);

/// Extracts the answer from a whole output and compares it with the reference.
Judgement judge(std::string_view gold, std::string_view output, bool show_forms = false);

/// Why a reference cannot be used, or nothing. For whoever loads data: see check_gold.
std::optional<std::string> gold_fault(std::string_view gold);

/// Throws Error that names the problem and the text if the reference cannot be read.
void check_gold(const std::string& problem, const std::string& gold);

/// Bounds of the value of one expression with numbers for its variables, or nothing if there is none or it is complex.
/// For tests against tables of values.
std::optional<std::pair<double, double>> numeric_value(std::string_view text,
                                                       const std::map<std::string, std::string>& at);

}  // namespace r1::math
