// The checker "choice": the answer is the letter of one option, the reference a letter. Problem::data holds the letters
// that exist ("ABCD"). Accepted spellings: B, b, (B), B., B), \boxed{B}; nothing else: "A, B" names two, "not B" and
// "B because" are no letter, and an answer that lists every option earns nothing. Paper: [R1 §2.2], [R1 App. B.3.1].
#include "base/text.h"
#include "rewards/checker.h"

namespace r1 {
namespace {

std::string_view unwrap(std::string_view s, std::string_view open, std::string_view close) {
  if (s.size() < open.size() + close.size() || s.substr(0, open.size()) != open) return s;
  if (s.substr(s.size() - close.size()) != close) return s;
  return trim(s.substr(open.size(), s.size() - open.size() - close.size()));
}

/// The letter in upper case, 0 if the text is none.
char letter_of(std::string_view s) {
  s = unwrap(trim(s), "\\boxed{", "}");
  s = unwrap(s, "(", ")");
  if (s.size() == 2 && (s[1] == '.' || s[1] == ')')) s = s.substr(0, 1);
  if (s.size() != 1) return 0;
  const char c = static_cast<char>(s[0] >= 'a' && s[0] <= 'z' ? s[0] - 32 : s[0]);
  return c >= 'A' && c <= 'Z' ? c : '\0';
}

Verdict check_choice(const Problem& problem, const std::string& answer) {
  const char want = letter_of(problem.answer);
  if (!want || problem.data.find(want) == std::string::npos) return Verdict::kUnknown;
  return letter_of(answer) == want ? Verdict::kRight : Verdict::kWrong;
}

R1_REGISTER(Checker, "choice", check_choice);

}  // namespace
}  // namespace r1
