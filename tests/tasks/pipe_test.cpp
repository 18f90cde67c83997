// The toy language: what programs do, what is no program, and that hostile text ends quickly.
#include "tasks/pipe.h"

#include "support/catch.h"

using namespace r1;

namespace {

std::string run(const std::string& program, const std::string& input) {
  const auto p = parse_pipe(program);
  if (!p) return "no program";
  return run_pipe(*p, input).value_or("failed");
}

}  // namespace

TEST_CASE("each stage of Pipe does what its name says") {
  CHECK(run("rev", "352") == "253");
  CHECK(run("srt", "93525") == "23559");
  CHECK(run("inc", "0189") == "1290");
  CHECK(run("dbl", "04569") == "08028");
  CHECK(run("odd", "1234567") == "1357");
  CHECK(run("big", "1456") == "56");
  CHECK(run("beh", "352") == "52");
  CHECK(run("cur", "352") == "35");
  CHECK(run("srt|inc|beh", "352") == "46");
  CHECK(run("odd|rev", "2468").empty());  // nothing left is a result too
  CHECK(run("big|beh|cur", "1").empty());
  CHECK(run("say 346", "352") == "346");
}

TEST_CASE("a Pipe program is exactly its grammar") {
  for (const char* bad : {"",          " ",        "rev ",       " rev",    "rev|",
                          "|rev",      "rev||inc", "rev |inc",   "rev;inc", "REV",
                          "say",       "say ",     "say x",      "say 3 4", "say 3|rev",
                          "rev|say 3", "reverse",  "r\xC3\xA9v", "rev\n",   "say \xEF\xBC\x93"}) {
    INFO('"' << bad << '"');
    CHECK_FALSE(parse_pipe(bad));
  }
  CHECK_FALSE(parse_pipe(std::string("rev\0", 4)));
  for (const char* good : {"rev", "rev|rev", "beh|cur|odd|big|dbl|inc|srt|rev", "say 0"})
    CHECK(pipe_text(*parse_pipe(good)) == good);
}

TEST_CASE("a Pipe program fails on what is no list of digits, and on no length of anything") {
  for (const char* bad : {"", "-1", "3 5", "12a"}) CHECK(run("rev", bad) == "failed");
  CHECK(run("rev", std::string(64, '7')) == std::string(64, '7'));
  CHECK(run("rev", std::string(65, '7')) == "failed");
  std::string longest = "rev";
  while (longest.size() + 4 <= kMaxPipeProgram) longest += "|rev";
  CHECK(parse_pipe(longest));
  CHECK_FALSE(parse_pipe(longest + "|rev"));
  CHECK_FALSE(parse_pipe(std::string(1 << 20, '|')));
}
