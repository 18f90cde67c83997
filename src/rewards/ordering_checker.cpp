// The checker "ordering": the answer names each thing of Problem::data once, first to last, such that every relation
// holds. Data: "Ann Bob Cy;Ann<Bob;Cy<Bob" (the things, then pairs "earlier<later"). Separators in the answer: blanks,
// commas or '<'. The relations decide, not the reference: every order that obeys them is right. Paper: [R1 §2.2],
// [R1 App. B.3.1] (logic).
#include <algorithm>
#include <sstream>
#include <vector>

#include "rewards/checker.h"

namespace r1 {
namespace {

constexpr size_t kLongestAnswer = 1024;

std::vector<std::string> split(const std::string& text, const char* separators) {
  std::vector<std::string> out;
  for (size_t at = 0; (at = text.find_first_not_of(separators, at)) != std::string::npos;) {
    const size_t end = std::min(text.find_first_of(separators, at), text.size());
    out.push_back(text.substr(at, end - at));
    at = end;
  }
  return out;
}

struct Puzzle {
  std::vector<std::string> things;
  std::vector<std::pair<std::string, std::string>> relations;
};

bool read_puzzle(const std::string& data, Puzzle& out) {
  const std::vector<std::string> parts = split(data, ";");
  if (parts.empty()) return false;
  out.things = split(parts[0], " ");
  for (size_t i = 1; i < parts.size(); ++i) {
    const std::vector<std::string> pair = split(parts[i], "<");
    if (pair.size() != 2) return false;
    for (const std::string& name : pair)
      if (std::count(out.things.begin(), out.things.end(), name) != 1) return false;
    out.relations.emplace_back(pair[0], pair[1]);
  }
  return !out.things.empty();
}

Verdict check_ordering(const Problem& problem, const std::string& answer) {
  Puzzle p;
  if (!read_puzzle(problem.data, p)) return Verdict::kUnknown;
  if (answer.size() > kLongestAnswer) return Verdict::kWrong;
  const std::vector<std::string> order = split(answer, " ,<");
  if (order.size() != p.things.size() || !std::is_permutation(order.begin(), order.end(), p.things.begin()))
    return Verdict::kWrong;
  const auto place = [&](const std::string& name) {
    return std::find(order.begin(), order.end(), name) - order.begin();
  };
  const bool holds = std::all_of(p.relations.begin(), p.relations.end(),
                                 [&](const auto& r) { return place(r.first) < place(r.second); });
  return holds ? Verdict::kRight : Verdict::kWrong;
}

R1_REGISTER(Checker, "ordering", check_ordering);

}  // namespace
}  // namespace r1
