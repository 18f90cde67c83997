// A model as verifier: it reads the question, the reference answer and a candidate, and returns a JSON object with an
// analysis and a verdict. The paper judged the 600k samples so where no rule applied; it is no reward of R1-Zero. In:
// texts, the candidate hostile. Out: right, wrong, or unknown when the judge's reply is not exactly one such object.
// The candidate is quoted as a JSON string, so it can neither close its own quotation nor speak as the judge; only the
// judge's reply is read for a verdict. Trap: a judge that repeats the candidate's text inside "analysis" cannot be
// steered by it, because "verdict" is a key of the outer object and keys may not repeat. Paper: [R1 Listing 4].
#pragma once
#include <functional>
#include <string>

#include "rewards/checker.h"

namespace r1 {

/// A model behind a function: prompt in, reply out. May throw; the caller's exception passes through.
using Generate = std::function<std::string(const std::string& prompt)>;

struct JudgeReply {
  Verdict verdict = Verdict::kUnknown;
  std::string analysis;
};

/// Longest texts that are put before a judge, in bytes; a longer candidate is wrong without asking (an answer is
/// short).
inline constexpr size_t kMaxJudged = 4096, kMaxJudgeReply = 65536;

/// The judge's prompt in our own words, with the three texts as JSON strings.
std::string judge_prompt(const std::string& question, const std::string& reference, const std::string& candidate);

/// {"analysis": TEXT, "verdict": "correct" | "incorrect"}, exactly these keys once each; anything else is unknown.
JudgeReply read_judge_reply(const std::string& reply);

/// How three texts become a prompt; a small judge may be trained on a shorter form than judge_prompt.
using JudgePrompt =
    std::function<std::string(const std::string& question, const std::string& reference, const std::string& candidate)>;

/// Asks once.
JudgeReply judge(const Generate& model, const std::string& question, const std::string& reference,
                 const std::string& candidate, const JudgePrompt& prompt = judge_prompt);

}  // namespace r1
