// `r1 inspect CONFIG --grpo`: the plan from files and built-in names.
#include "cli/inspect_memory.h"

#include "base/memory.h"
#include "cli/command.h"
#include "model/dense.h"
#include "rl/memory_plan.h"
#include "support/capture.h"
#include "support/catch.h"

using namespace r1;
using r1_test::call;

TEST_CASE("the plan is printed for a built-in config, a run's file, and with settings changed") {
  std::string out;
  CHECK(call("inspect", {"nano", "--grpo", "--threads", "2"}, &out) == 0);
  CHECK(out.find("32 questions x 16 answers of 192 tokens") == 0);
  CHECK(out.find("8 slots") != std::string::npos);
  const std::string file = std::string(R1_SOURCE_DIR) + "/examples/configs/math-1.json";
  CHECK(call("inspect", {file, "--grpo", "--threads", "1", "--set", "grpo.questions=4"}, &out) == 0);
  CHECK(out.find("4 questions x 16 answers of 256 tokens") == 0);
  CHECK(call("inspect", {file}, &out) == 0);
  CHECK(out.find("parameters") != std::string::npos);
  CHECK_THROWS_WITH(call("inspect", {"nano", "--grpo", "--set", "grpo.question=4"}), ContainsSubstring("questions"));
}

TEST_CASE("the printed sum is the plan's") {
  std::string out;
  CHECK(call("inspect", {"nano", "--grpo", "--threads", "2", "--prompt-tokens", "20"}, &out) == 0);
  const auto model = make_model(find_model_config("nano"));
  ThreadPool pool(2);
  const GrpoConfig c;
  EngineRequest evaluation{100, 20, {}};
  evaluation.params.n = 16, evaluation.params.max_new_tokens = 192;
  const MemoryPlan plan = plan_memory(*model, c, worst_lengths(c, 20), {rollout_request(c, 20), evaluation}, pool, 0);
  CHECK(out.find(format_bytes(static_cast<double>(plan.total()))) != std::string::npos);
}
