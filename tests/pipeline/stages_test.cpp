// Both stages through the commands that a user calls: what a run leaves behind, and what it leaves alone.
#include "base/io.h"
#include "base/json_file.h"
#include "base/sha256.h"
#include "pipeline/model_dir.h"
#include "pipeline/r1_zero.h"
#include "support/capture.h"
#include "support/catch.h"

using namespace r1;
using namespace r1_test;

namespace {

std::vector<Json> lines(const std::string& path) {
  std::vector<Json> all;
  read_jsonl(
      path, [&](int64_t, const Json& line) { all.push_back(line); },
      [](int64_t at, const std::string& error) { fail("line ", at, ": ", error); });
  return all;
}

std::string weights(const std::string& model) { return sha256_file(model + "/model.safetensors"); }

}  // namespace

TEST_CASE("pre-training leaves a base with its tokenizer, a log and a checkpoint of the same weights") {
  const TempDir dir;
  const std::string config = dir / "config.json", run = dir / "run", base = dir / "base";
  write_file(config, Json{{"model", read_json_file(std::string(R1_SOURCE_DIR) + "/examples/configs/nano.json")},
                          {"train", {{"updates", 6}, {"batch_tokens", 512}}}}
                         .dump());
  const auto pretrain = [&](int threads) {
    std::string said;
    return call("pretrain",
                {"--run", run, "--out", base, "--seed", "4", "--threads", std::to_string(threads), "--gate-every", "0",
                 "--config", config},
                &said);
  };
  REQUIRE(pretrain(2) == 0);
  const std::vector<Json> log = lines(run + "/metrics.jsonl");
  REQUIRE(log.size() >= 1);
  CHECK(log.back()["update"] == 6);
  const ModelDir loaded = load_model_dir(base);
  CHECK(loaded.model->vocab_size() >= loaded.tokenizer->vocab_size());
  CHECK(std::filesystem::exists(run + "/checkpoints/update-6"));
  CHECK_THROWS_WITH(pretrain(2), ContainsSubstring("a run is there already"));
  const std::string first = weights(base);
  std::filesystem::remove_all(run);
  REQUIRE(pretrain(1) == 0);
  CHECK(weights(base) == first);
}

TEST_CASE("R1-Zero evaluates, updates and reports, and leaves its base alone") {
  const TempDir dir;
  const std::string base = std::string(R1_SOURCE_DIR) + "/data/math-1-base", config = dir / "config.json",
                    run = dir / "zero", untouched = weights(base);
  write_file(config, Json{{"grpo", {{"rollouts", 3}, {"questions", 6}, {"group_size", 8}, {"max_new_tokens", 40}}},
                          {"eval", {{"problems", 5}, {"samples", 2}, {"max_new_tokens", 40}}}}
                         .dump());
  const std::vector<std::string> command{"--base",       base,     "--run",    run,         "--out",
                                         run + "/model", "--seed", "4",        "--threads", "2",
                                         "--eval-every", "2",      "--config", config,      "--keep-models"};
  std::string said;
  REQUIRE(call("r1-zero", command, &said) == 0);
  CHECK(said.find("memory of a GRPO step") != std::string::npos);
  CHECK(said.find("report: ") != std::string::npos);
  std::vector<int> evaluated, rollouts;
  for (const Json& line : lines(run + "/metrics.jsonl")) {
    if (line.contains("eval/pass_at_1")) evaluated.push_back(line["rollout"]);
    if (!line.contains("grpo/loss")) continue;
    rollouts.push_back(line["rollout"]);
    CHECK(line["grpo/logp_diff_max"] == 0);
    CHECK(line["update"] == 2 * line["rollout"].get<int>());
  }
  CHECK(rollouts == std::vector<int>{1, 2, 3});
  CHECK(evaluated == std::vector<int>{0, 2, 3});
  CHECK(lines(run + "/samples.jsonl").size() > 0);
  CHECK(read_text(run + "/report.html").find("</html>") != std::string::npos);
  CHECK(weights(base) == untouched);
  CHECK(weights(run + "/models/0") == untouched);
  CHECK(weights(run + "/models/2") != untouched);
  CHECK(weights(run + "/models/3") == weights(run + "/model"));
  CHECK_THROWS_WITH(call("r1-zero", command, &said), ContainsSubstring("a run is there already"));
}

TEST_CASE("programs judged in an executor give the same run, and what became of them is in the log") {
  const TempDir dir;
  R1ZeroJob job;
  job.base = std::string(R1_SOURCE_DIR) + "/data/math-1-base", job.world.task = "code-1";
  job.seed = 4, job.threads = 2, job.eval_every = 0;
  job.grpo.rollouts = 2, job.grpo.questions = 6, job.grpo.group_size = 8, job.grpo.max_new_tokens = 40;
  job.grpo.minibatches = 2, job.eval.problems = 5, job.eval.samples = 2, job.eval.max_new_tokens = 40;
  job.executor.workers = 2, job.executor.min_level = job.executor.max_level = 0, job.executor.self_test = false;
  for (const bool programs : {false, true}) {
    job.run_programs = programs, job.run = dir / (programs ? "with" : "without"), job.out = job.run + "/model";
    CHECK(run_r1_zero(job) == 0);
  }
  CHECK(weights(dir / "with/model") == weights(dir / "without/model"));
  double judged = 0, wrong = 0;
  for (const Json& line : lines(dir / "with/metrics.jsonl")) {
    if (!line.contains("code/jobs")) continue;
    judged += line["code/jobs"].get<double>();
    wrong += line["code/jobs"].get<double>() *
             (line["code/outcome_wronganswer"].get<double>() + line["code/outcome_compileerror"].get<double>());
    CHECK(line["code/overlap"] >= 0);
  }
  CHECK(judged > 0);
  CHECK(wrong == Approx(judged));  // a base of math-1 writes numbers, no programs
}
