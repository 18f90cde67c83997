// One judged answer: all that the figures of an evaluation need, without model or tokenizer. Paper: [R1 App. D.1].
#pragma once
#include <string>
#include <vector>

namespace r1 {

struct Judged {
  int problem = 0;         ///< answers with the same number belong to the same problem
  int level = 1;           ///< the same for all answers of a problem
  std::string language;    ///< language of the prompt: "en", "zh"
  bool correct = false;    ///< accuracy rule
  bool format = false;     ///< format rule
  std::string answer;      ///< result in canonical form; "" = none could be read
  int length = 0;          ///< generated tokens
  bool truncated = false;  ///< reached the length limit
  std::string text;        ///< the completion, tags included
};

/// The answers of each problem, in ascending order of problem number and in the order given. Throws Error when the
/// level or language of a problem is not the same in all of its answers.
std::vector<std::vector<Judged>> by_problem(const std::vector<Judged>& answers);

}  // namespace r1
