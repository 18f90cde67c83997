// Deterministic fuzzing: grammar-made texts and mutations of the labelled set. A verdict each time, the same one again,
// within fuel and memory; and what is called equal has equal values by arithmetic that the verifier does not share.
// R1_FUZZ=1000000 sets the count and prints times; the default fits CI.
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>

#include "base/io.h"
#include "base/rng.h"
#include "rewards/math/verify.h"
#include "support/catch.h"
#include "support/shared_data.h"

using namespace r1;
using math::Relation;

namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr int kDefault = 30'000;
#else
constexpr int kDefault = 150'000;
#endif

int fuzz_count() {
  const char* set = std::getenv("R1_FUZZ");
  return set ? std::atoi(set) : kDefault;
}

long peak_kib() {
  rusage u{};
  getrusage(RUSAGE_SELF, &u);
  return u.ru_maxrss;
}

const std::vector<std::string>& fragments() {
  static const std::vector<std::string> f = {"\\frac{",
                                             "}{",
                                             "}",
                                             "{",
                                             "(",
                                             ")",
                                             "[",
                                             "]",
                                             "\\{",
                                             "\\}",
                                             "|",
                                             ",",
                                             ";",
                                             "+",
                                             "-",
                                             "*",
                                             "/",
                                             "^",
                                             "_",
                                             "=",
                                             "<",
                                             ">",
                                             "\\le ",
                                             "\\ge ",
                                             "\\ne ",
                                             "\\pm ",
                                             "\\sqrt{",
                                             "\\sqrt[3]{",
                                             "\\pi",
                                             "e",
                                             "i",
                                             "x",
                                             "y",
                                             "n",
                                             "0",
                                             "1",
                                             "2",
                                             "3",
                                             "10",
                                             "99",
                                             "0.5",
                                             "1,000",
                                             "\\%",
                                             "!",
                                             "^\\circ",
                                             "\\infty",
                                             "\\cup ",
                                             "\\cap ",
                                             "\\in ",
                                             "\\sin ",
                                             "\\cos ",
                                             "\\ln ",
                                             "\\log_2 ",
                                             "\\text{ cm}",
                                             "\\text{",
                                             " and ",
                                             " or ",
                                             "\\boxed{",
                                             "#### ",
                                             "<think>",
                                             "</think>",
                                             "<answer>",
                                             "</answer>",
                                             "\\left(",
                                             "\\right)",
                                             "\\begin{pmatrix}",
                                             "\\end{pmatrix}",
                                             "&",
                                             "\\\\",
                                             "\\binom{",
                                             "\\int_0^1 ",
                                             "\\sum_{k=1}^{9} k",
                                             " dx",
                                             "\\$",
                                             "$",
                                             "\\approx ",
                                             "_8",
                                             "e5",
                                             "9^{9^9}",
                                             "\\overline{3}",
                                             ".",
                                             "\\mathbb{R}",
                                             "\\emptyset",
                                             "\\lfloor ",
                                             "\\rfloor ",
                                             "\xff",
                                             "\xc3",
                                             "\u200f",
                                             "\uff15",
                                             "\u221a",
                                             "\u00b2",
                                             " million",
                                             " apples",
                                             "\\frac{d}{dx} "};
  return f;
}

std::string grammar_text(Rng& rng) {
  std::string s;
  for (int k = rng.range(1, 25); k > 0; --k) s += fragments()[rng.below(static_cast<uint32_t>(fragments().size()))];
  return s;
}

/// A few cuts, copies, swaps and changed bytes.
std::string mutated(std::string s, const std::string& other, Rng& rng) {
  for (int k = rng.range(1, 4); k > 0; --k) {
    const uint32_t n = static_cast<uint32_t>(s.size());
    const size_t at = n ? rng.below(n) : 0;
    switch (rng.below(7)) {
      case 0:
        if (n) s[at] = static_cast<char>(rng.below(256));
        break;
      case 1:
        s.erase(at, rng.below(6));
        break;
      case 2:
        s.insert(at, fragments()[rng.below(static_cast<uint32_t>(fragments().size()))]);
        break;
      case 3:
        s.insert(at, s.substr(at, rng.below(12)));
        break;
      case 4:
        if (!other.empty()) s.insert(at, other.substr(rng.below(static_cast<uint32_t>(other.size())), rng.below(12)));
        break;
      case 5:
        if (n) s[at] = "0123456789+-*/^(){}\\,.x"[rng.below(23)];
        break;
      default:
        if (n > 1) std::swap(s[at], s[rng.below(n)]);
    }
  }
  return s;
}

std::vector<std::pair<std::string, std::string>> seeds() {
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& j :
       r1_test::json_lines(read_text(std::string(R1_SOURCE_DIR) + "/tests/rewards/math/pairs/pairs.jsonl")))
    out.emplace_back(j.at("gold"), j.at("answer"));
  return out;
}

/// An expression with its value in doubles, made side by side.
struct Known {
  std::string text;
  double value;
};
Known known(Rng& rng, int depth) {
  if (depth == 0 || rng.chance(0.2)) {
    switch (rng.below(5)) {
      case 0:
        return {"\\pi", 3.14159265358979323846};
      case 1:
        return {"\\sqrt{2}", 1.41421356237309504880};
      case 2:
        return {"0.25", 0.25};
      default: {
        const int v = rng.range(1, 6);
        return {std::to_string(v), static_cast<double>(v)};
      }
    }
  }
  const Known a = known(rng, depth - 1), b = known(rng, depth - 1);
  switch (rng.below(8)) {
    case 0:
      return {"(" + a.text + "+" + b.text + ")", a.value + b.value};
    case 1:
      return {"(" + a.text + "-" + b.text + ")", a.value - b.value};
    case 2:
      return {"(" + a.text + "\\cdot " + b.text + ")", a.value * b.value};
    case 3:
      return {"\\frac{" + a.text + "}{" + b.text + "}", a.value / b.value};
    case 4:
      return {"(" + a.text + ")^{2}", a.value * a.value};
    case 5:
      return {"\\sqrt{(" + a.text + ")^2+" + b.text + "^2}", std::sqrt(a.value * a.value + b.value * b.value)};
    case 6:
      return {"|" + a.text + "|", std::fabs(a.value)};
    default:
      return {"(-" + a.text + ")", -a.value};
  }
}

}  // namespace

TEST_CASE("fuzzed answers get a verdict in bounded time and memory") {
  const auto pairs = seeds();
  const int count = fuzz_count();
  const long before = peak_kib();
  Rng rng(31, Stream::kTest);
  std::vector<float> micros;
  micros.reserve(static_cast<size_t>(count));
  int64_t worst = 0;
  int verdicts[3] = {};
  std::string slowest;
  float longest = 0;
  for (int i = 0; i < count; ++i) {
    const auto& p = pairs[rng.below(static_cast<uint32_t>(pairs.size()))];
    const auto& q = pairs[rng.below(static_cast<uint32_t>(pairs.size()))];
    const std::string answer =
        rng.chance(0.3) ? grammar_text(rng) : mutated(rng.chance(0.5) ? p.first : p.second, q.second, rng);
    const std::string gold = rng.chance(0.1) ? mutated(p.first, q.first, rng) : p.first;
    const auto begin = std::chrono::steady_clock::now();
    const math::Judgement j = math::judge(gold, answer);
    const float took = std::chrono::duration<float, std::micro>(std::chrono::steady_clock::now() - begin).count();
    if (took > longest) longest = took, slowest = gold + " @ " + answer;
    micros.push_back(took);
    ++verdicts[static_cast<int>(j.relation)];
    worst = std::max(worst, j.fuel_used);
    if (j.relation == Relation::kEqual && j.bad_gold) FAIL(gold << " @ " << answer);
    if (i % 50 == 0 && math::judge(gold, answer).relation != j.relation)
      FAIL("another verdict the second time: " << gold << " @ " << answer);
  }
  std::sort(micros.begin(), micros.end());
  const auto at = [&](double share) {
    return micros[static_cast<size_t>(share * static_cast<double>(micros.size() - 1))];
  };
  CHECK(worst <= math::kFuel + 5'000'000);
  CHECK(verdicts[0] > count / 100);  // some mutations change nothing
#if !defined(__SANITIZE_ADDRESS__)
  CHECK(at(0.99) <= 1000);
  CHECK(peak_kib() - before < 64 * 1024);
#endif
  if (std::getenv("R1_FUZZ"))
    WARN(count << " verdicts: equal " << verdicts[0] << ", different " << verdicts[1] << ", unknown " << verdicts[2]
               << "; p50 " << at(0.5) << " us, p99 " << at(0.99) << " us, max " << micros.back() << " us; memory +"
               << peak_kib() - before << " KiB; most fuel " << worst << "; slow: " << slowest);
}

TEST_CASE("what is called equal has equal values, what is called different has not") {
  Rng rng(32, Stream::kTest);
  const int count = std::max(2000, fuzz_count() / 20);
  int equal = 0, different = 0, unknown = 0;
  for (int i = 0; i < count; ++i) {
    const Known a = known(rng, 3);
    const Known b = rng.chance(0.5) ? known(rng, 3) : Known{"(" + a.text + "+" + a.text + "-" + a.text + ")", a.value};
    if (!std::isfinite(a.value) || !std::isfinite(b.value) || std::fabs(a.value) > 1e8 || std::fabs(b.value) > 1e8)
      continue;
    const math::Judgement j = math::compare_texts(a.text + "+1+1", b.text + "+2");
    INFO(a.text << " @ " << b.text << ": " << j.why);
    const double gap = std::fabs(a.value - b.value), scale = 1e-7 * (1 + std::fabs(a.value));
    equal += j.relation == Relation::kEqual, different += j.relation == Relation::kDifferent,
        unknown += j.relation == Relation::kUnknown;
    if (j.relation == Relation::kEqual) CHECK(gap <= scale);
    if (j.relation == Relation::kDifferent && j.why.empty()) CHECK(gap > 0);
  }
  CHECK(equal > count / 4);
  CHECK(different > count / 4);
  CHECK(unknown < count / 10);
}
