// Paper: [R1 §2.2].
#include "rewards/code/extract.h"

#include <algorithm>
#include <string_view>

#include "base/text.h"

namespace r1 {
namespace {

struct Fence {
  size_t begin, end;  ///< of the line, without and with its newline
  std::string_view line;
};

/// Every line that looks like a fence in any spelling of Markdown.
std::vector<Fence> fences_of(std::string_view text) {
  std::vector<Fence> out;
  for (size_t at = 0; at < text.size();) {
    const size_t newline = text.find('\n', at);
    const size_t end = newline == std::string_view::npos ? text.size() : newline + 1;
    const std::string_view line = text.substr(at, (newline == std::string_view::npos ? text.size() : newline) - at);
    const size_t first = line.find_first_not_of(" \t>");
    const std::string_view rest = first == std::string_view::npos ? "" : line.substr(first);
    if (rest.rfind("```", 0) == 0 || rest.rfind("~~~", 0) == 0) out.push_back({at, end, line});
    at = end;
  }
  return out;
}

bool opens(std::string_view line, const std::vector<std::string>& words, bool& other) {
  if (line.rfind("```", 0) != 0) return false;
  const std::string word(trim(line.substr(3)));
  other = false;
  if (word.empty() || std::find(words.begin(), words.end(), word) != words.end()) return true;
  other = word.find_first_of("` \t{") == std::string::npos;
  return false;
}

bool closes(std::string_view line) { return line.rfind("```", 0) == 0 && trim(line) == "```"; }

}  // namespace

const char* name_of(CodeForm form) {
  static const char* const kNames[] = {"ok",
                                       "no block",
                                       "open block",
                                       "several fences",
                                       "text behind the block",
                                       "bad fence",
                                       "other language",
                                       "thought in the answer",
                                       "empty block"};
  return kNames[static_cast<size_t>(form)];
}

ExtractedCode extract_code(const std::string& answer, const std::vector<std::string>& words) {
  const std::string_view text = answer;
  if (answer.find("<think>") != std::string::npos || answer.find("</think>") != std::string::npos)
    return {CodeForm::kThought, ""};
  const std::vector<Fence> fences = fences_of(text);
  if (fences.empty()) return {CodeForm::kNoBlock, ""};
  if (fences.size() > 2) return {CodeForm::kSeveral, ""};
  bool other = false;
  if (!opens(fences[0].line, words, other)) return {other ? CodeForm::kOtherLanguage : CodeForm::kBadFence, ""};
  if (fences.size() == 1) return {CodeForm::kOpenBlock, ""};
  if (!closes(fences[1].line)) return {CodeForm::kBadFence, ""};
  if (!trim(text.substr(fences[1].end)).empty()) return {CodeForm::kNotLast, ""};
  const std::string_view program = text.substr(fences[0].end, fences[1].begin - fences[0].end);
  if (trim(program).empty()) return {CodeForm::kEmpty, ""};
  return {CodeForm::kOk, std::string(program)};
}

}  // namespace r1
