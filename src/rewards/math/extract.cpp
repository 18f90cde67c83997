// Paper: [R1 §2.2], [R1 App. B.3.1].
#include "rewards/math/extract.h"

#include <algorithm>

#include "base/text.h"

namespace r1::math {
namespace {

constexpr auto kNowhere = std::string_view::npos;
/// More different candidates than this are an attempt to cover all answers.
constexpr size_t kMostCandidates = 8;

/// What is left of an output when the thought is taken out; an open thought reaches to the end.
std::string_view without_thought(std::string_view s) {
  if (const size_t end = s.rfind("</think>"); end != kNowhere) s.remove_prefix(end + 8);
  return s.substr(0, s.find("<think>"));
}

void add(Extracted& out, std::string_view candidate) {
  candidate = trim(candidate);
  if (out.candidates.size() <= kMostCandidates &&
      std::find(out.candidates.begin(), out.candidates.end(), candidate) == out.candidates.end())
    out.candidates.push_back(candidate);
}

/// Insides of the answer tags; an open tag without its end holds nothing.
std::vector<std::string_view> answer_parts(std::string_view s) {
  std::vector<std::string_view> out;
  for (size_t at = 0; (at = s.find("<answer>", at)) != kNowhere;) {
    const size_t begin = at + 8, end = s.find("</answer>", begin);
    if (end == kNowhere) break;
    out.push_back(s.substr(begin, end - begin));
    at = end + 9;
  }
  return out;
}

/// Position of the brace that closes the one before `at`, or nowhere.
size_t closing_brace(std::string_view s, size_t at) {
  for (int depth = 1; at < s.size(); ++at) {
    if (s[at] == '\\') {
      ++at;
    } else if (s[at] == '{') {
      ++depth;
    } else if (s[at] == '}' && --depth == 0) {
      return at;
    }
  }
  return kNowhere;
}

bool add_boxes(Extracted& out, std::string_view s) {
  bool any = false;
  for (size_t at = 0; (at = s.find("boxed", at)) != kNowhere;) {
    const bool command = at > 0 && s[at - 1] == '\\';
    at += 5;
    while (at < s.size() && s[at] == ' ') ++at;
    if (!command || at >= s.size() || s[at] != '{') continue;
    const size_t end = closing_brace(s, at + 1);
    if (end == kNowhere) return add(out, ""), true;  // cut off: a box without an answer
    add(out, s.substr(at + 1, end - at - 1));
    at = end + 1, any = true;
  }
  return any;
}

bool add_hashes(Extracted& out, std::string_view s) {
  bool any = false;
  for (size_t at = 0; (at = s.find("####", at)) != kNowhere;) {
    const size_t end = std::min(s.find('\n', at), s.size());
    add(out, s.substr(at + 4, end - at - 4));
    at = end, any = true;
  }
  return any;
}

std::string_view last_line(std::string_view s) {
  s = trim(s);
  const size_t at = s.rfind('\n');
  return trim(at == kNowhere ? s : s.substr(at + 1));
}

/// "A: 5", "Answer: 5", "The final answer is 5."
bool add_answer_line(Extracted& out, std::string_view s) {
  const std::string_view line = last_line(s);
  for (const std::string_view begin : {"A:", "Answer:", "answer:", "Final answer:", "Final Answer:", "**Answer:**"})
    if (line.substr(0, begin.size()) == begin) return add(out, line.substr(begin.size())), true;
  for (const std::string_view phrase : {"answer is:", "answer is", "Answer is", "answer:"})
    if (const size_t at = line.rfind(phrase); at != kNowhere) return add(out, line.substr(at + phrase.size())), true;
  return false;
}

void add_from(Extracted& out, std::string_view part) {
  const auto found = [&](AnswerSource source) { out.source = std::max(out.source, source); };
  if (add_boxes(out, part)) return found(AnswerSource::kBoxed);
  if (add_hashes(out, part)) return found(AnswerSource::kHashes);
  if (add_answer_line(out, part)) return found(AnswerSource::kAnswerLine);
  found(AnswerSource::kPlain);
  add(out, last_line(part));
}

}  // namespace

const char* name_of(AnswerSource s) {
  constexpr const char* kNames[] = {"nothing", "boxed", "hashes", "answer line", "plain"};
  return kNames[static_cast<int>(s)];
}

Extracted extract_answer(std::string_view output) {
  Extracted out;
  const std::string_view rest = without_thought(output);
  const std::vector<std::string_view> parts = answer_parts(rest);
  if (parts.empty() && trim(rest).empty()) return out;
  if (parts.empty()) add_from(out, rest);
  for (const std::string_view part : parts) add_from(out, part);
  return out;
}

}  // namespace r1::math
