// Which text is the program, how bytes are compared, the strict reference, and frames that are not what they claim.
#include "rewards/code/extract.h"

#include "base/rng.h"
#include "rewards/code/reference.h"
#include "rewards/code/wire.h"
#include "support/catch.h"

using namespace r1;

namespace {

const std::vector<std::string> kPython{"python", "py"};
CodeForm form(const std::string& s) { return extract_code(s, kPython).form; }

}  // namespace

TEST_CASE("exactly one fenced block that ends the answer is the program") {
  CHECK(extract_code("```python\nprint(1)\n```", kPython).program == "print(1)\n");
  CHECK(extract_code("Some words.\n\n```\nprint(1)\n\n  x\n```  \n\n", kPython).program == "print(1)\n\n  x\n");
  CHECK(extract_code("```py\nx = '`' * 3 + \"``\"\n```", kPython).program == "x = '`' * 3 + \"``\"\n");
  CHECK(form("print(1)") == CodeForm::kNoBlock);
  CHECK(form("") == CodeForm::kNoBlock);
  CHECK(form("```python\nprint(1)") == CodeForm::kOpenBlock);
  CHECK(form("```python") == CodeForm::kOpenBlock);
  CHECK(form("```a\n```\n```b\n```") == CodeForm::kSeveral);
  CHECK(form("```python\n ```\n```") == CodeForm::kSeveral);
  CHECK(form("```python\nx\n```\nand so on") == CodeForm::kNotLast);
  CHECK(form("~~~python\nx\n~~~") == CodeForm::kBadFence);
  CHECK(form("````python\nx\n````") == CodeForm::kBadFence);
  CHECK(form(" ```python\nx\n ```") == CodeForm::kBadFence);
  CHECK(form("```python\nx\n````") == CodeForm::kBadFence);
  CHECK(form("```python\nx\n``` end") == CodeForm::kBadFence);
  CHECK(form("```python 3\nx\n```") == CodeForm::kBadFence);
  CHECK(form("```rust\nx\n```") == CodeForm::kOtherLanguage);
  CHECK(form("```python\n \n```") == CodeForm::kEmpty);
  CHECK(form("<think>\n```python\nx\n```") == CodeForm::kThought);
  CHECK(form("```python\n</think>\n```") == CodeForm::kThought);
}

TEST_CASE("extraction takes any bytes") {
  CHECK(form(std::string(1 << 20, '`')) != CodeForm::kOk);
  CHECK(form(std::string("```python\n\0x\n```", 16)) == CodeForm::kOk);
  std::string many;
  for (int i = 0; i < 100000; ++i) many += "```\n";
  CHECK(form(many) == CodeForm::kSeveral);
  const std::string alphabet = "`~\n p>x<think";
  for (uint32_t i = 0; i < 20000; ++i) {
    std::string s;
    for (uint32_t k = 0; k < 24; ++k)
      s += alphabet[static_cast<size_t>(i * 2654435761u + k * 40503u * (i + 7)) / 1000 % alphabet.size()];
    const ExtractedCode e = extract_code(s, kPython);
    if (e.form == CodeForm::kOk) CHECK(s.find("```") != std::string::npos);
  }
}

TEST_CASE("outputs are equal byte for byte but for one final newline") {
  CHECK(same_output("3\n", "3", Compare::kExact));
  CHECK(same_output("3", "3\n", Compare::kExact));
  CHECK(same_output("", "\n", Compare::kExact));
  CHECK_FALSE(same_output("3", "3\n\n", Compare::kExact));
  CHECK_FALSE(same_output("3", "3 \n", Compare::kExact));
  CHECK_FALSE(same_output("3", " 3", Compare::kExact));
  CHECK_FALSE(same_output("3\n", "3\r\n", Compare::kExact));
  CHECK_FALSE(same_output("a\nb", "a b", Compare::kExact));
  CHECK_FALSE(same_output("", "0", Compare::kExact));
  CHECK_FALSE(same_output(std::string("3\0", 2), "3", Compare::kExact));
}

TEST_CASE("compare: lines forgives blanks at line ends and empty lines at the end, nothing else") {
  CHECK(same_output("1 2\n3\n", "1 2 \n3\r\n\n\n", Compare::kLines));
  CHECK(same_output("", " \n", Compare::kLines));
  CHECK_FALSE(same_output("1 2\n3", "1  2\n3", Compare::kLines));
  CHECK_FALSE(same_output("1\n2", "1\n\n2", Compare::kLines));
  CHECK_FALSE(same_output("1\n2", "1 2", Compare::kLines));
  CHECK_FALSE(same_output("\n1", "1", Compare::kLines));
  CHECK_FALSE(same_output("1\n2", "1", Compare::kLines));
}

TEST_CASE("a reference is read strictly") {
  const CodeReference r = read_reference(
      R"({"language": "python", "compare": "lines", "cpu_ms": 100, "tests": [{"in": "1\n", "out": "2\n"}]})", "x");
  CHECK(r.language == "python");
  CHECK(r.limits.cpu_ms == 100);
  CHECK(r.tests.at(0).expected == "2\n");
  const CodeReference again = read_reference(write_reference(r), "again");
  CHECK(write_reference(again) == write_reference(r));
  const std::pair<const char*, const char*> bad[] = {
      {R"({"tests": [{"in": "", "out": ""}]})", "x: no field 'language'"},
      {R"({"language": "python"})", "x: no field 'tests'"},
      {R"({"language": "python", "tests": []})", "expected a list of 1 to 1000 tests"},
      {R"({"language": "python", "tests": [{"in": ""}]})", "x: tests[0]: expected both 'in' and 'out'"},
      {R"({"language": "python", "tests": [{"in": "", "out": 3}]})", "x: tests[0].out: expected a string"},
      {R"({"language": "python", "tests": [{"in": "", "out": "", "points": 1}]})", "unknown field 'points'"},
      {R"({"language": "python", "test": [], "tests": [{"in": "", "out": ""}]})", "unknown field 'test'"},
      {R"({"language": "python", "compare": "fuzzy", "tests": [{"in": "", "out": ""}]})", "exact | lines"},
      {R"({"language": "python", "memory_mb": 1, "tests": [{"in": "", "out": ""}]})", "field 'memory_mb' = 1"},
      {R"({"language": "a", "language": "b", "tests": [{"in": "", "out": ""}]})", "language"},
  };
  for (const auto& [text, message] : bad) {
    INFO(text);
    CHECK_THROWS_WITH(read_reference(text, "x"), ContainsSubstring(message));
  }
}

TEST_CASE("judging: right only if every test was run and passed; one lost run leaves it open, one failure decides") {
  const auto verdict = [](std::vector<Outcome> outcomes, size_t tests) {
    CodeResult r;
    for (const Outcome o : outcomes) {
      r.runs.emplace_back();
      r.runs.back().outcome = o;
    }
    judge_runs(r, tests);
    return r.verdict;
  };
  const Outcome ok = Outcome::kPassed, no = Outcome::kWrongAnswer, lost = Outcome::kSandbox;
  CHECK(verdict({ok, ok}, 2) == Verdict::kRight);
  CHECK(verdict({ok}, 2) == Verdict::kUnknown);
  CHECK(verdict({}, 0) == Verdict::kUnknown);
  CHECK(verdict({}, 2) == Verdict::kUnknown);
  CHECK(verdict({ok, no}, 2) == Verdict::kWrong);
  CHECK(verdict({lost, no}, 2) == Verdict::kWrong);
  CHECK(verdict({no, lost}, 2) == Verdict::kWrong);
  CHECK(verdict({ok, lost}, 2) == Verdict::kUnknown);
  for (int o = 1; o < kOutcomes - 1; ++o) CHECK(verdict({ok, static_cast<Outcome>(o)}, 2) == Verdict::kWrong);
}

TEST_CASE("frames are read only if every length in them is true") {
  wire::Run run;
  run.argv = {"a", "bc"}, run.input = "input", run.limits.cpu_ms = 7;
  const std::string frame = wire::encode(wire::Kind::kRun, run), payload = frame.substr(sizeof(wire::Header));
  wire::Run back;
  REQUIRE(wire::decode(payload, back));
  CHECK(back.argv == run.argv);
  CHECK(back.limits.cpu_ms == 7);
  for (size_t n = 0; n < payload.size(); ++n) {
    wire::Run cut;
    CHECK_FALSE(wire::decode(payload.substr(0, n), cut));
  }
  wire::Run longer;
  CHECK_FALSE(wire::decode(payload + "x", longer));
  // Any byte changed: never a crash, never more memory than the frame has.
  for (size_t at = 0; at < payload.size(); ++at)
    for (const char bit : {1, 16, -128}) {
      std::string changed = payload;
      changed[at] = static_cast<char>(changed[at] ^ bit);
      wire::Run any;
      wire::decode(changed, any);
      CHECK(any.input.size() + any.source.size() <= payload.size());
      CHECK(any.argv.size() <= payload.size());
    }
  wire::Header h;
  h.kind = static_cast<uint32_t>(wire::Kind::kRun), h.length = payload.size();
  CHECK(wire::plausible(h, wire::Kind::kRun));
  CHECK_FALSE(wire::plausible(h, wire::Kind::kRunReply));
  h.length = wire::kMaxFrame + 1;
  CHECK_FALSE(wire::plausible(h, wire::Kind::kRun));
  h = {}, h.magic ^= 1, h.kind = static_cast<uint32_t>(wire::Kind::kRun);
  CHECK_FALSE(wire::plausible(h, wire::Kind::kRun));
}
