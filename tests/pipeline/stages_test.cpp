// Both stages from nothing, through the commands that a user calls: what a run leaves behind, and what it leaves alone.
#include "base/io.h"
#include "base/json_file.h"
#include "pipeline/model_dir.h"
#include "pipeline/report.h"
#include "support/capture.h"
#include "support/catch.h"

using namespace r1;
using namespace r1_test;

namespace {

std::vector<Json> lines(const std::string& path) {
  std::vector<Json> all;
  read_jsonl(path, [&](int64_t, const Json& line) { all.push_back(line); });
  return all;
}

}  // namespace

TEST_CASE("pre-training writes a base that R1-Zero starts from, evaluates, updates and reports") {
  const TempDir dir;
  const std::string config = dir / "config.json", base = dir / "base/model", zero = dir / "zero";
  write_file(config, Json{{"model", read_json_file(std::string(R1_SOURCE_DIR) + "/examples/configs/nano.json")},
                          {"train", {{"updates", 6}, {"batch_tokens", 512}}},
                          {"grpo", {{"rollouts", 3}, {"questions", 6}, {"group_size", 8}, {"max_new_tokens", 24}}},
                          {"eval", {{"problems", 5}, {"samples", 2}, {"max_new_tokens", 24}}}}
                         .dump());
  std::string said;
  REQUIRE(call("pretrain", {"--run", dir / "base", "--out", base, "--seed", "4", "--threads", "2", "--config", config},
               &said) == 0);
  const std::vector<Json> learnt = lines(dir / "base/metrics.jsonl");
  REQUIRE(learnt.size() >= 1);
  CHECK(learnt.back()["update"] == 6);
  const ModelDir start = load_model_dir(base);
  const std::string untouched = read_file(base + "/model.safetensors");

  const std::vector<std::string> command{"--base", base,     "--run",  zero,     "--out",        zero + "/model",
                                         "--seed", "4",      "--threads", "2",   "--eval-every", "2",
                                         "--config", config, "--keep-models"};
  REQUIRE(call("r1-zero", command, &said) == 0);
  CHECK(said.find("memory of a GRPO step") != std::string::npos);
  CHECK(said.find("report: ") != std::string::npos);
  CHECK(read_file(base + "/model.safetensors") == untouched);
  std::vector<int> evaluated, rollouts;
  for (const Json& line : lines(zero + "/metrics.jsonl")) {
    if (line.contains("eval/pass_at_1")) evaluated.push_back(line["rollout"]);
    if (!line.contains("grpo/loss")) continue;
    rollouts.push_back(line["rollout"]);
    CHECK(line["grpo/logp_diff_max"] == 0);
    CHECK(line["update"] == 2 * line["rollout"].get<int>());
  }
  CHECK(rollouts == std::vector<int>{1, 2, 3});
  CHECK(evaluated == std::vector<int>{0, 2, 3});
  CHECK(lines(zero + "/samples.jsonl").size() > 0);
  CHECK(read_file(zero + "/report.html").find("</html>") != std::string::npos);
  CHECK(read_file(zero + "/models/0/model.safetensors") == untouched);
  CHECK(read_file(zero + "/models/3/model.safetensors") == read_file(zero + "/model/model.safetensors"));
  CHECK(read_file(zero + "/model/model.safetensors") != untouched);
  CHECK(load_model_dir(zero + "/model").config.dim == start.config.dim);
  CHECK_THROWS_WITH(call("r1-zero", command, &said), ContainsSubstring("a run is there already"));
}
