// `r1 verify`: one pair, files of pairs and values, wrong use.
#include "cli/verify_file.h"

#include "support/capture.h"
#include "support/catch.h"

using namespace r1;
using r1_test::call;
using r1_test::TempDir;

TEST_CASE("one pair shows the verdict and both normal forms") {
  std::string out;
  CHECK(call("verify", {"--gold", "1/2", "--answer", "\\boxed{0.5}"}, &out) == 0);
  CHECK(out.find("verdict    equal\n") != std::string::npos);
  CHECK(out.find("taken from boxed\n") != std::string::npos);
  CHECK(out.find("reference  1/2\n") != std::string::npos);
  CHECK(call("verify", {"--gold", "85", "--answer", "47+38"}, &out) == 0);
  CHECK(out.find("verdict    different: the arithmetic is not worked out") != std::string::npos);
  CHECK_THROWS_WITH(call("verify", {"--gold", "\\frac{1", "--answer", "1"}),
                    ContainsSubstring("problem '--gold': answer '\\frac{1'"));
  CHECK_THROWS_AS(call("verify", {"--gold", "1"}), UsageError);
  CHECK_THROWS_AS(call("verify", {"--bench"}), UsageError);
}

TEST_CASE("a file of pairs shows agreement and every disagreement") {
  TempDir dir;
  std::string out;
  write_file(dir / "pairs.jsonl",
             "{\"gold\": \"1/2\", \"answer\": \"0.5\", \"label\": \"equal\"}\n"
             "{\"gold\": \"5\", \"answer\": \"6\", \"label\": \"equal\"}\n\n{\"gold\": \"5\", \"answer\": \"5\"}\n");
  CHECK(call("verify", {"--file", dir / "pairs.jsonl"}, &out) == 0);
  CHECK(out.find("pairs 3, labelled 2, agreed 1 (50.00%), wrong equal 0, references that cannot be read 0") == 0);
  CHECK(out.find("| '5' | '6' | equal | different |") != std::string::npos);
  CHECK(call("verify", {"--file", dir / "pairs.jsonl", "--bench", "--rounds", "2", "--threads", "1"}, &out) == 0);
  CHECK(out.find("3 pairs, 2 rounds: ") == 0);
  write_file(dir / "pairs.jsonl", "{\"gold\": \"1/\", \"answer\": \"0.5\", \"label\": \"equal\"}\n");
  CHECK(call("verify", {"--file", dir / "pairs.jsonl"}, &out) == 1);
  write_file(dir / "pairs.jsonl", "{\"gold\": 5}\n");
  CHECK_THROWS_WITH(call("verify", {"--file", dir / "pairs.jsonl"}),
                    ContainsSubstring("line 1: gold: expected a string, got"));
  write_file(dir / "pairs.jsonl", "{\"gold\": \"5\", \"answer\": \"5\", \"label\": \"yes\"}\n");
  CHECK_THROWS_WITH(call("verify", {"--file", dir / "pairs.jsonl"}),
                    ContainsSubstring("label 'yes', expected equal, different or unknown"));
}

TEST_CASE("a file of values") {
  TempDir dir;
  std::string out;
  write_file(dir / "values.jsonl",
             "{\"text\": \"x^2\", \"at\": {\"x\": 1.5}, \"value\": 2.25}\n{\"text\": \"2\", \"value\": 3}\n{\"text\": "
             "\"1+\"}\n");
  CHECK(call("verify", {"--values", dir / "values.jsonl"}, &out) == 0);
  CHECK(out.find("values 2, right 1 (50.00%); to be rejected 1, rejected 1") == 0);
  CHECK(out.find("| '2' | 3 | 2 to 2 |") != std::string::npos);
}
