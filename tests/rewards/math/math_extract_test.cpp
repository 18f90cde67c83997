// Where the answer is taken from.
#include "rewards/math/extract.h"

#include "support/catch.h"

using namespace r1::math;

namespace {

/// Candidates joined by " / ", with the source before them.
std::string taken(const std::string& output) {
  const Extracted e = extract_answer(output);
  std::string out = name_of(e.source);
  for (const auto c : e.candidates) out.append(out == name_of(e.source) ? ": " : " / ").append(c);
  return out;
}

}  // namespace

TEST_CASE("boxes come first, with nested braces, and all of them count") {
  CHECK(taken("So \\boxed{5}.") == "boxed: 5");
  CHECK(taken("\\boxed{\\frac{1}{2}}") == "boxed: \\frac{1}{2}");
  CHECK(taken("\\boxed {5}") == "boxed: 5");
  CHECK(taken("\\fbox{5} \\boxed{6}") == "boxed: 6");
  CHECK(taken("\\boxed{\\{1,2\\}}") == "boxed: \\{1,2\\}");
  CHECK(taken("\\boxed{5} and \\boxed{6}") == "boxed: 5 / 6");
  CHECK(taken("\\boxed{5} and \\boxed{5}") == "boxed: 5");
  CHECK(taken("\\boxed{}") == "boxed: ");
  CHECK(taken("\\boxed{5 is cut off") == "boxed: ");
  CHECK(taken("the boxed{5} is none") == "plain: the boxed{5} is none");
  CHECK(taken("#### 4\n\\boxed{5}") == "boxed: 5");
}

TEST_CASE("then hashes, a line that announces the answer, the last line") {
  CHECK(taken("3+4 = 7\n#### 7") == "hashes: 7");
  CHECK(taken("#### 7\n#### 8") == "hashes: 7 / 8");
  CHECK(taken("2*3 = 6\nA: 6") == "answer line: 6");
  CHECK(taken("The final answer is 12.") == "answer line: 12.");
  CHECK(taken("Answer: x = 5") == "answer line: x = 5");
  CHECK(taken("first\n  second \n") == "plain: second");
  CHECK(taken(" 5 ") == "plain: 5");
  CHECK(taken("") == "nothing");
  CHECK(taken(" \n") == "nothing");
}

TEST_CASE("never from the thought") {
  CHECK(taken("<think>\\boxed{5}</think>") == "nothing");
  CHECK(taken("<think>\\boxed{5}</think>\n6") == "plain: 6");
  CHECK(taken("no opening tag \\boxed{5}</think> \\boxed{6}") == "boxed: 6");
  CHECK(taken("<think>\\boxed{5}") == "nothing");
  CHECK(taken("7 <think>\\boxed{5}") == "plain: 7");
  CHECK(taken("<think>a</think>\\boxed{1}<think>\\boxed{5}</think>\\boxed{6}") == "boxed: 6");
}

TEST_CASE("answer tags hold the answer, all of them") {
  CHECK(taken("<think>a</think><answer> 5 </answer>") == "plain: 5");
  CHECK(taken("\\boxed{4}<answer>\\boxed{5}</answer>") == "boxed: 5");
  CHECK(taken("<answer>5</answer><answer>6</answer>") == "plain: 5 / 6");
  CHECK(taken("<answer>5") == "plain: <answer>5");
}

TEST_CASE("too many candidates are cut") {
  std::string s;
  for (int i = 0; i < 1000; ++i) s += "\\boxed{" + std::to_string(i) + "}";
  CHECK(extract_answer(s).candidates.size() == 9);
}
