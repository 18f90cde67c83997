// Choice of prompts, marking of completions, and their HTML. Paper: [R1 Table 2].
#include "pipeline/report_samples.h"

#include <algorithm>
#include <map>
#include <set>

#include "eval/reflective.h"
#include "pipeline/report_svg.h"

namespace r1 {
namespace {

constexpr size_t kOpenStories = 3, kAllStories = 15, kTimes = 5;
constexpr size_t kMaxShown = 6000;  // bytes of one completion on the page

bool is_word_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}
bool continues(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

void mark_words(const std::string& text, const std::string& word, std::vector<Mark>& marks) {
  const bool whole = !word.empty() && std::all_of(word.begin(), word.end(), is_word_byte);
  for (size_t i = 0; !word.empty() && i + word.size() <= text.size(); ++i) {
    size_t n = 0;
    while (n < word.size() && lower(text[i + n]) == lower(word[n])) ++n;
    const size_t end = i + word.size();
    if (n < word.size()) continue;
    if (whole && ((i > 0 && is_word_byte(text[i - 1])) || (end < text.size() && is_word_byte(text[end])))) continue;
    for (size_t k = i; k < end; ++k)
      if (marks[k] == Mark::kNone) marks[k] = Mark::kWord;
  }
}

void mark_tags(const std::string& text, std::vector<Mark>& marks) {
  for (const char* tag : {"<think>", "</think>", "<answer>", "</answer>"}) {
    const std::string t = tag;
    for (size_t at = 0; (at = text.find(t, at)) != std::string::npos; at += t.size())
      std::fill_n(marks.begin() + static_cast<std::ptrdiff_t>(at), t.size(), Mark::kTag);
  }
}

Verdict verdict_of(const std::string& kind) {
  if (kind == "wrong") return Verdict::kWrong;
  if (kind == "repaired") return Verdict::kRepaired;
  if (kind == "right") return Verdict::kRight;
  return kind == "spoiled" ? Verdict::kSpoiled : Verdict::kNone;
}

// How much a reader can see in it.
int telling(const SampleStory& s, const std::vector<std::string>& words) {
  const Sample &first = *s.times.front(), &last = *s.times.back();
  int score = 0;
  if (first.accuracy < 0.5 && last.accuracy >= 0.5) score += 8;
  if (count_words(last.completion, words) > 0) score += 4;
  for (const SampleSpan& span : last.spans) score += span.kind == "repaired";
  return score + static_cast<int>(std::min<int64_t>(std::max<int64_t>(s.level, 0), 9));
}

std::string class_of(const MarkedPiece& p) {
  static const char* const kMarks[] = {"", "tag", "word"};
  static const char* const kVerdicts[] = {"", "wrong", "repaired", "right", "spoiled"};
  const std::string a = kMarks[static_cast<int>(p.mark)], b = kVerdicts[static_cast<int>(p.verdict)];
  return a.empty() || b.empty() ? a + b : a + " " + b;
}

// Escapes a piece; a worked answer on one long line reads better with a break after each step ("; "). `last` is the
// byte before the piece, and becomes its last one.
std::string piece_html(const std::string& text, bool breaks, char& last) {
  std::string out, part;
  for (const char c : text) {
    part += c;
    if (breaks && c == ' ' && last == ';') {
      out += cat(html_escape(part), "<br>");
      part.clear();
    }
    last = c;
  }
  return out + html_escape(part);
}

std::string answer_html(const Sample& s, const std::vector<std::string>& words) {
  const bool right = s.accuracy >= 0.5, form = s.format >= 0.5;
  std::string out = cat("<div class=\"answer\"><header><b>update ", s.update, "</b><span class=\"badge ",
                        right ? "yes" : "no", "\">", right ? "✓ right" : "✗ wrong", "</span><span class=\"badge ",
                        form ? "yes" : "no", "\">", form ? "✓" : "✗", " form</span><span class=\"len\">", s.length,
                        s.length == 1 ? " token" : " tokens", "</span></header><div class=\"text\">");
  size_t shown = 0;
  char last = ' ';
  const bool one_line = s.completion.find('\n') == std::string::npos;
  for (const MarkedPiece& p : marked_up(s, words)) {
    const std::string text = piece_html(p.text, one_line, last);
    const std::string name = class_of(p);
    out += name.empty() ? text : cat("<span class=\"", name, "\">", text, "</span>");
    if ((shown += p.text.size()) > kMaxShown) {
      out += cat("<i class=\"more\"> … ", s.completion.size() - shown, " more bytes</i>");
      break;
    }
  }
  return out + "</div></div>\n";
}

std::string story_html(const SampleStory& s, const std::vector<std::string>& words, bool open) {
  std::string out = cat("<details class=\"story\"", open ? " open" : "", "><summary><span class=\"prompt\">",
                        html_escape(s.prompt), "</span> <span class=\"mut\">");
  if (s.level > 0) out += cat("level ", s.level, " · ");
  out += cat("right answer <b>", html_escape(s.reference), "</b></span></summary><div class=\"answers\">");
  for (const Sample* t : thin_times(s.times, kTimes)) out += answer_html(*t, words);
  return out + "</div></details>\n";
}

}  // namespace

std::vector<std::string> counted_words(const Run& run) {
  auto words = family_members(run, "eval/word_*");
  return words.empty() ? reflective_words() : words;
}

std::vector<const Sample*> thin_times(const std::vector<const Sample*>& times, size_t count) {
  if (times.size() <= count || count < 2) return times;
  std::vector<const Sample*> out;
  for (size_t i = 0; i < count; ++i) out.push_back(times[i * (times.size() - 1) / (count - 1)]);
  return out;
}

std::vector<SampleStory> stories(const Run& run) {
  std::map<int64_t, std::map<int64_t, const Sample*>> by_problem;  // problem -> update -> the first of its samples
  for (const Sample& s : run.samples) by_problem[s.problem].emplace(s.update, &s);
  const auto words = counted_words(run);
  std::vector<std::pair<int, SampleStory>> scored;
  for (const auto& [problem, times] : by_problem) {
    const Sample& last = *times.rbegin()->second;
    SampleStory story{problem, last.level, last.prompt, last.reference, {}};
    for (const auto& [update, sample] : times) story.times.push_back(sample);
    const int score = telling(story, words);
    scored.emplace_back(score, std::move(story));
  }
  std::stable_sort(scored.begin(), scored.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<SampleStory> out;
  for (auto& [score, story] : scored) out.push_back(std::move(story));
  return out;
}

std::vector<MarkedPiece> marked_up(const Sample& sample, const std::vector<std::string>& words) {
  const std::string& text = sample.completion;
  std::vector<Mark> marks(text.size(), Mark::kNone);
  std::vector<Verdict> verdicts(text.size(), Verdict::kNone);
  mark_tags(text, marks);
  for (const auto& w : words) mark_words(text, w, marks);
  for (const SampleSpan& s : sample.spans)
    for (size_t i = s.begin; i < s.end && i < text.size(); ++i) verdicts[i] = verdict_of(s.kind);
  std::vector<MarkedPiece> out;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool same = !out.empty() && out.back().mark == marks[i] && out.back().verdict == verdicts[i];
    if (!same && (out.empty() || !continues(text[i]))) out.push_back({"", marks[i], verdicts[i]});
    out.back().text += text[i];
  }
  return out;
}

std::string samples_html(const Run& run) {
  const auto all = stories(run);
  if (all.empty()) return "";
  const auto words = counted_words(run);
  std::string out =
      "<section id=\"answers\"><h2>Answers</h2><p class=\"cap\">The same prompt at several times of the run, from the "
      "base "
      "on the left to the trained policy on the right. Tags are set in boxes, counted words of reflection are "
      "<span class=\"word\">marked</span>; where the task's oracle judged single lines, <span "
      "class=\"wrong\">wrong</span> "
      "and <span class=\"repaired\">repaired</span> ones are underlined. The prompts were chosen for what they show, "
      "not at "
      "random. <span class=\"anchor\">[R1 Table 2]</span></p>\n";
  for (size_t i = 0; i < all.size() && i < kAllStories; ++i) out += story_html(all[i], words, i < kOpenStories);
  return out + "</section>\n";
}

}  // namespace r1
