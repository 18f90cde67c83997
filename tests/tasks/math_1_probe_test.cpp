#include "tasks/math_1_probe.h"

#include "support/catch.h"
#include "tasks/math_1_oracle.h"

using namespace r1;

TEST_CASE("a probe is a fully worked and checked answer, and its parts are what they say") {
  const auto task = Registry<TaskFactory>::get().find("task", "math-1")();
  int products = 0, slips = 0;
  for (uint32_t i = 0; i < 200; ++i) {
    const Problem p = task->problem(9, Split::kDev, i);
    for (const int language : {0, 1}) {
      Rng rng(1, Stream::kTest, i);
      const auto parts = math_probe(p, language, 0.7, rng);
      std::string text;
      for (const ProbePart& part : parts) text += part.text;
      INFO(text);
      const OracleReport report = math_oracle(p, text);
      CHECK(report.complete);
      CHECK(report.concluded);
      CHECK(parts.back().skill == ProbeSkill::kConclude);
      CHECK(parts.back().text == p.answer);
      int careful = 0, carry = 0, copy = 0;
      for (const ProbePart& part : parts) {
        copy += part.skill == ProbeSkill::kCopy, carry += part.skill == ProbeSkill::kCarry;
        if (part.skill != ProbeSkill::kCareful) continue;
        CHECK(part.part == careful % kCarefulParts);
        CHECK(part.text.size() == (part.part < 3 ? 7u : part.part == 3 ? 10u : 2u));
        ++careful;
      }
      CHECK(copy == p.level);
      CHECK(carry == p.level - 1);
      for (const LineReport& line : report.lines) {
        CHECK(line.checked == (line.op == '*'));
        CHECK((!line.checked || line.check_right));
        careful -= line.checked ? kCarefulParts : 0;
        products += line.op == '*', slips += line.op == '*' && !line.quick_right;
        CHECK((line.op == '*' || line.quick_right));
      }
      CHECK(careful == 0);
    }
  }
  CHECK(std::abs(slips - 0.7 * products) < 5 * std::sqrt(0.21 * products));
  Problem other;
  other.task = "countdown", other.data = "3 7 25";
  Rng rng(1, Stream::kTest);
  CHECK_THROWS_WITH(math_probe(other, 0, 0.7, rng), ContainsSubstring("not of math-1"));
}
