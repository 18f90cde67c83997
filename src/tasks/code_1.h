// Programming problems of the toy world r1-1: a description in words and one example; the answer is a program in Pipe
// (tasks/pipe.h), judged by running it on tests that nobody has seen. Some words are vague ("turn" is rev or srt), and
// only the example tells which was meant, so it pays to run a program in one's head before handing it in. Printing the
// example's output ("say 346") passes the example and fails the tests. Paper: [R1 §2.2] (code judged by tests).
#pragma once
#include <string>
#include <vector>

#include "base/rng.h"
#include "tasks/pipe.h"
#include "tasks/problem.h"

namespace r1 {

inline constexpr int kCodeLevels = 5;

/// One word of a description: an operation by its own name, or a vague word that may mean either of a pair.
struct CodeStage {
  PipeOp op;           ///< what was meant
  bool vague = false;  ///< the word fits op and its partner
  bool operator==(const CodeStage&) const = default;
};

struct CodeProblem {
  std::vector<CodeStage> stages;
  std::string input, output;                 ///< the example
  std::vector<std::string> tests;            ///< hidden inputs
  int vague() const;                         ///< number of vague words
  std::vector<PipeOp> meant() const;         ///< the reference program
  std::vector<PipeOp> reading(int n) const;  ///< one of 2^vague() readings; the last vague word is n's lowest bit
};

/// The other operation that the same vague word fits; they are neighbours in PipeOp.
PipeOp partner_of(PipeOp op);

/// A problem of a level 1..5: 0 + 1, 1 + 1, 0 + 2, 1 + 2, 0 + 3 plain and vague words. The example tells the reading
/// that was meant from every other; the tests' outputs are not all the same.
CodeProblem draw_code(int level, Rng& rng);

/// The words of the world in English (0) and Chinese (1); blanks belong to the word.
struct CodeWords {
  const char *code, *first, *wait, *of, *ok, *wrong, *so, *result, *blunt;
  const char* vague[kPipeOps / 2];
};
const CodeWords& code_words(int language);

/// "code turn,dbl;352>406?".
std::string code_question(const CodeProblem& p, int language);
/// The Problem: the reference program in `answer`, the hidden tests in `data` as the checker "code" reads them.
Problem code_problem(const CodeProblem& p, int language);

}  // namespace r1
