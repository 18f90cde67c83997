// Texts of bad will: a verdict in bounded time and memory, never a crash.
#include <sys/resource.h>

#include <chrono>

#include "rewards/math/verify.h"
#include "support/catch.h"

using namespace r1::math;

namespace {

std::string repeated(const std::string& s, size_t n) {
  std::string out;
  for (size_t i = 0; i < n; ++i) out += s;
  return out;
}

long peak_kib() {
  rusage u{};
  getrusage(RUSAGE_SELF, &u);
  return u.ru_maxrss;
}

}  // namespace

TEST_CASE("answers of a megabyte get a verdict") {
  const size_t n = 1 << 20;
  [[maybe_unused]] const long before = peak_kib();
  const auto begin = std::chrono::steady_clock::now();
  for (const std::string& s : {std::string(n, '9'),           std::string(n, '('),
                               std::string(n, '{'),           std::string(n, '-'),
                               std::string(n, ' '),           std::string(n, '\\'),
                               std::string(n, '\0'),          std::string(n, '\xff'),
                               std::string(n, '$'),           repeated("\\boxed{", n / 7),
                               repeated("\\boxed{5}", n / 9), repeated("<think>", n / 7),
                               repeated("<answer>", n / 8),   repeated("####", n / 4),
                               repeated("</think>", n / 8),   repeated("answer is ", n / 10),
                               repeated("\\frac", n / 5),     repeated("5,", n / 2),
                               repeated("5\n", n / 2),        repeated("x^", n / 2),
                               repeated("boxed{", n / 6)}) {
    INFO(s.substr(0, 20));
    CHECK(judge("7", s).relation != Relation::kEqual);
    CHECK(judge("7", "\\boxed{" + s + "}").relation != Relation::kEqual);
    CHECK(judge(s, "7").relation != Relation::kEqual);
    CHECK(judge("7", "<think>" + s + "</think> \\boxed{7}").relation == Relation::kEqual);
  }
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(20));
#if !defined(__SANITIZE_ADDRESS__)  // which keeps freed memory for a while
  CHECK(peak_kib() - before < 64 * 1024);
#endif
}

TEST_CASE("nesting of 100,000 gets a verdict") {
  const size_t n = 100000;
  for (const auto& [open, close] : std::vector<std::pair<std::string, std::string>>{{"(", ")"},
                                                                                    {"{", "}"},
                                                                                    {"\\{", "\\}"},
                                                                                    {"\\sqrt{", "}"},
                                                                                    {"\\frac{1}{", "}"},
                                                                                    {"|", "|"},
                                                                                    {"-", ""},
                                                                                    {"2^", ""},
                                                                                    {"[", "]"},
                                                                                    {"\\left(", "\\right)"},
                                                                                    {"\\sin", ""},
                                                                                    {"\\text{", "}"},
                                                                                    {"\\boxed{", "}"}}) {
    INFO(open);
    const std::string s = repeated(open, n) + "1" + repeated(close, n);
    CHECK(judge("1", s).relation != Relation::kUnknown);
    CHECK(judge(s, "1").relation == Relation::kUnknown);
    const std::string short_one = repeated(open, 300) + "1" + repeated(close, 300);
    CHECK(judge("2", short_one).relation != Relation::kEqual);
  }
  CHECK(judge("1", repeated("(", 20) + "1" + repeated(")", 20)).relation == Relation::kEqual);
}

TEST_CASE("bytes that are no text") {
  for (const std::string& s : {std::string("5\0", 2),
                               std::string("\0"
                                           "5",
                                           2),
                               std::string("5\x80"), std::string("\xc3\x28"), std::string("\xed\xa0\x80"),
                               std::string("\xf4\x90\x80\x80"), std::string("\xc0\xb5"), std::string("5\x1b[0m"),
                               std::string("5\x7f"), std::string("5\r\n6"), std::string("<|endoftext|>"),
                               std::string("<\xef\xbd\x9c"
                                           "end\xe2\x96\x81of\xe2\x96\x81sentence\xef\xbd\x9c>5"),
                               std::string("<s>5</s>"), std::string("[INST]5[/INST]")}) {
    INFO(s);
    CHECK(judge("5", s).relation != Relation::kEqual);
  }
}

TEST_CASE("what the fuzzer found") {
  for (const std::string s : {"0.\\overline}", "0.\\overline79}", ".\\overline", ".\\overline{", "0.\\overline{3",
                              "\\frac{.\\overline dx}{2}"})
    CHECK(judge("1", s).relation == Relation::kDifferent);  // a number without digits was read for ever
  for (const std::string base : {"2", "x", "(x+1)", "\\sqrt{2}", "1", "(-1)", "\\pi", "i", "e", "\\frac{1}{3}", "0"})
    for (const std::string e :
         {"-9223372036854775808", "9223372036854775807", "-9223372036854775807", "4294967297", "-4294967295",
          "\\frac{9223372036854775807}{2}", "\\frac{-9223372036854775808}{3}", "10^{30}"}) {
      INFO(base << "^" << e);  // the first of them had no negative: -exponent recursed for ever
      CHECK(judge("7", base + "^{" + e + "}").relation != Relation::kEqual);
      CHECK(judge("7", "\\sqrt[" + e + "]{7" + base + "}").relation != Relation::kEqual);
    }
}

TEST_CASE("every verdict keeps within its fuel") {
  for (const std::string s :
       {"(x+y+z)^{60}", "(1+\\sqrt{2}+\\sqrt{3}+\\sqrt{5}+\\sqrt{7}+\\sqrt{11}+\\sqrt{13})^{40}", "2000!/1999!+3000!",
        "\\sqrt{1000000000000000003}+\\sqrt{1000000000000000009}", "\\sum_{k=1}^{2000} \\frac{1}{k}",
        "\\prod_{k=1}^{900} (x+k)", "123456789^{900}/987654321^{900}"}) {
    INFO(s);
    const Judgement j = judge("5", s);
    CHECK(j.relation != Relation::kEqual);
    CHECK(j.fuel_used <= kFuel + 5'000'000);
  }
}
