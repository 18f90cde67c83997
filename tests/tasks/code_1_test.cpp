// The programming task: problems are well posed (the example tells one reading from the others, the tests tell programs
// from constants), splits are disjoint, and the documents say what is true.
#include "tasks/code_1.h"

#include <map>
#include <regex>
#include <set>

#include "rewards/checker.h"
#include "support/catch.h"
#include "tasks/document.h"

using namespace r1;

namespace {

std::unique_ptr<Task> code_task(const char* name = "code-1") {
  return Registry<TaskFactory>::get().find("task", name)();
}

}  // namespace

TEST_CASE("a programming problem is solved by its reference and by no constant and no other reading") {
  Rng rng(7, Stream::kTest);
  for (int i = 0; i < 400; ++i) {
    const CodeProblem c = draw_code(i % kCodeLevels + 1, rng);
    const Problem p = code_problem(c, i / kCodeLevels % 2);
    INFO(p.prompt << " " << p.answer << " " << p.data);
    CHECK(p.level == i % kCodeLevels + 1);
    CHECK(check_answer(p, p.answer) == Verdict::kRight);
    CHECK(run_pipe(*parse_pipe(p.answer), c.input) == c.output);
    CHECK(check_answer(p, "say " + c.output) == Verdict::kWrong);
    int same = 0;
    for (int n = 0; n < 1 << c.vague(); ++n) same += run_pipe({c.reading(n), std::nullopt}, c.input) == c.output;
    CHECK(same == 1);
  }
}

TEST_CASE("programming problems: words, and the readings in the order of counting") {
  CodeProblem c;
  c.stages = {{PipeOp::kIncrement, true}, {PipeOp::kReverse, false}, {PipeOp::kCurtail, true}};
  c.input = "352", c.output = "36";
  c.tests = {"12", "907"};
  CHECK(code_question(c, 0) == "code lift,rev,cut;352>36?");
  CHECK(code_question(c, 1) == "码:升,rev,剪;352>36?");
  const Problem p = code_problem(c, 0);
  CHECK(p.answer == "inc|rev|cur");
  CHECK(p.data ==
        R"({"language":"pipe","block":"whole","tests":[{"in":"12\n","out":"3\n"},{"in":"907\n","out":"81\n"}]})");
  CHECK(p.level == 4);
  const char* readings[] = {"inc|rev|beh", "inc|rev|cur", "dbl|rev|beh", "dbl|rev|cur"};
  for (int n = 0; n < 4; ++n) CHECK(pipe_text({c.reading(n), std::nullopt}) == readings[n]);
}

TEST_CASE("programming problems of the three splits are disjoint and the same every time") {
  const auto task = code_task();
  std::map<std::string, Split> seen;
  for (const Split split : {Split::kTrain, Split::kDev, Split::kTest})
    for (uint32_t i = 0; i < 150; ++i) {
      const Problem p = task->problem(3, split, i);
      CHECK(p.level == static_cast<int>(i % kCodeLevels) + 1);
      const auto [at, fresh] = seen.try_emplace(p.key, split);
      CHECK(at->second == split);
      CHECK(task->problem(3, split, i).prompt == p.prompt);
    }
  CHECK(seen.size() > 400);
  CHECK(code_task("code-1-zh")->problem(3, Split::kDev, 4).prompt.find("码:") == 0);
}

TEST_CASE("programming documents: traces and verdicts are true") {
  const auto corpus = Registry<CorpusFactory>::get().find("corpus", "code-1")(Json::object());
  const std::regex traced("([a-z|]+) ([0-9]+)((?:>[0-9]*)+)"),
      judged("([0-9]*/[0-9]*)(,[0-9]*/[0-9]*)*( ok |对| wrong |错)");
  std::map<std::string, int> kinds;
  int traces = 0, right = 0, wrong = 0;
  for (uint64_t i = 0; i < 1500; ++i) {
    const Document d = corpus->document(1, i, 0);
    const std::string text = plain(d.body);
    INFO(text);
    ++kinds[d.kind];
    for (std::sregex_iterator m(text.begin(), text.end(), traced), end; m != end; ++m, ++traces) {
      const auto program = parse_pipe((*m)[1].str());
      REQUIRE(program);
      std::string list = (*m)[2], seen;
      for (const PipeOp op : program->stages) seen += ">" + (list = pipe_apply(op, list));
      CHECK((*m)[3].str() == seen);
    }
    for (std::sregex_iterator m(text.begin(), text.end(), judged), end; m != end; ++m) {
      const std::string verdict = (*m)[3], last = (*m)[2].length() ? (*m)[2].str().substr(1) : (*m)[1].str();
      const bool ok = verdict == " ok " || verdict == "对";
      const size_t slash = last.find('/');
      CHECK((last.substr(0, slash) == last.substr(slash + 1)) == ok);
      ++(ok ? right : wrong);
    }
  }
  CHECK(kinds["chat"] > 900);
  CHECK(kinds["trace"] > 200);
  CHECK(kinds["same"] > 60);
  CHECK(traces > 1000);
  CHECK(right > 200);
  CHECK(wrong > 200);
}

TEST_CASE("no programming document asks a held-out problem") {
  const auto corpus = Registry<CorpusFactory>::get().find("corpus", "code-1")(Json::object());
  const auto task = code_task();
  std::set<std::string> held_out;
  for (const Split split : {Split::kDev, Split::kTest})
    for (uint32_t i = 0; i < 1000; ++i) held_out.insert(task->problem(0, split, i).prompt);
  for (uint64_t i = 0; i < 3000; ++i) {
    const Document d = corpus->document(0, i, 0);
    CHECK_FALSE(held_out.count(d.question));
  }
}

TEST_CASE("a wrong field in the programming recipe is named") {
  const auto make = Registry<CorpusFactory>::get().find("corpus", "code-1");
  CHECK_THROWS_WITH(make(Json{{"goes_onn", .5}}), ContainsSubstring("goes_on"));
  CHECK_THROWS_WITH(make(Json{{"tag_full", .9}, {"tag_part", .2}}), ContainsSubstring("at most 1"));
  CHECK_THROWS_WITH(make(Json{{"level_weights", {1, 2}}}), ContainsSubstring("level_weights"));
}
