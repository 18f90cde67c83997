#include "support/fake_run.h"

#include <cmath>
#include <filesystem>

#include "base/io.h"
#include "base/log.h"
#include "base/log_machine.h"
#include "base/rng.h"
#include "eval/metrics.h"
#include "eval/summary.h"
#include "rl/metrics.h"

namespace r1_test {
namespace {

using namespace r1;

double rise(double x, double middle, double width) { return 1 / (1 + std::exp(-(x - middle) / width)); }

// Chances at progress t in [0, 1]: form first, then worked lines, then checks.
double form_rate(double t) { return 0.2 + 0.78 * rise(t, 0.1, 0.03); }
double right_rate(double t, int level) {
  return 0.25 / (level * level) + (0.97 - 0.25 / (level * level)) * rise(t, 0.12 + 0.13 * level, 0.05);
}
double check_rate(double t) { return 0.05 + rise(t, 0.5, 0.1); }

Judged fake_answer(Rng& rng, int problem, double t) {
  Judged j;
  j.problem = problem, j.level = problem % 5 + 1, j.language = "en";
  const double skill = std::min(0.99, std::max(0.0, right_rate(t, j.level) + 0.1 * std::sin(problem * 12.9898)));
  j.format = rng.chance(form_rate(t));
  j.correct = j.format && rng.chance(skill);
  j.answer = !j.format ? "" : j.correct ? "42" : std::to_string(rng.range(10, 99) / 43 * 43);
  const bool checks = rng.chance(std::min(1.0, check_rate(t)));
  j.length = static_cast<int>(12 + 9 * j.level * rise(t, 0.25, 0.08) + (checks ? 18 : 0) + rng.range(0, 9));
  j.truncated = rng.chance(0.01);
  j.text =
      cat("<think> first i1 ", problem, " </think>", checks ? " wait " : "", rng.chance(0.2 * (1 - t)) ? " 等等 " : "");
  return j;
}

void write_rollout(MetricsWriter& w, Rng& rng, int r, double t) {
  Record rec(r, 2 * r);
  const double noise = 0.03 * rng.normal(), acc = 0.05 + 0.75 * rise(t, 0.45, 0.14) + noise;
  rec.set(kRewardAccuracy, acc).set(kRewardFormat, form_rate(t) + 0.3 * noise).set(kRewardTotal, acc + form_rate(t));
  rec.set(kRolloutLength, 22 + 50 * rise(t, 0.4, 0.12) - 5 * std::exp(-std::pow((t - 0.15) / 0.05, 2)) + 40 * noise);
  rec.set(kRolloutTruncated, std::abs(noise) * 0.3).set(kRolloutZeroVariance, 0.1 + 0.4 * t + noise);
  rec.set(kRolloutTokens, 11000 + 20000 * noise).set(kRolloutReflective, 0.08 + rise(t, 0.5, 0.1));
  rec.set(kGrpoKl,
          0.02 * std::fmod(r, 25) / 25 + 0.1 * std::exp(-std::pow((t - 0.1) / 0.05, 2)) + std::abs(noise) * 0.1);
  rec.set(kGrpoEntropy, 0.9 - 0.6 * t + noise).set(kGrpoClipped, std::abs(noise) < 0.02 ? 0 : 0.001 * std::abs(noise));
  rec.set(kGrpoRatioMax, 1.2 + std::abs(noise) * 10)
      .set(kGrpoLogpDiff, 0)
      .set(kGradNorm, 0.5 + 0.3 * std::abs(rng.normal()));
  rec.set(kLr, 2e-4 * std::min(1.0, r / 5.0)).set(kPeakBytes, 412e6).set(kUpdateSeconds, 1.8 + noise);
  w.write(rec);
}

void write_evaluation(MetricsWriter& w, Rng& rng, uint64_t seed, int r, double t) {
  std::vector<Judged> answers;
  for (int p = 0; p < 100; ++p)
    for (int s = 0; s < 16; ++s) answers.push_back(fake_answer(rng, p, t));
  Record rec(r, 2 * r);
  put(rec, summarize(answers, {16, {1, 2, 4, 8, 16}, {"等等"}, 200, seed}));
  rec.set(kEvalRepaired, 0.3 + 0.6 * rise(t, 0.5, 0.1)).set(kEvalSpoiled, 0.08 - 0.06 * t);
  w.write(rec);
}

void write_samples(JsonlWriter& w, Rng& rng, int r, double t) {
  for (int p = 0; p < 8; ++p) {
    const bool form = rng.chance(form_rate(t)), right = form && rng.chance(right_rate(t, p % 5 + 1));
    std::string text = form ? "<think> " : "";
    Json spans = Json::array();
    if (t > 0.2) text += "first i1 47 + 38 = 85 ; ";
    if (t > 0.35) {
      const size_t begin = text.size();
      text += "then i2 85 * 33 = 75 ;";
      spans.push_back({begin, text.size(), "wrong"});
      if (t > 0.55) {
        const size_t check = text.size() + 1;
        text += " wait 5 * 3 = 15 , 8 * 3 = 24 , 5 * 3 = 15 , 1 + 4 + 5 = 0 , no 05 ;";
        spans.push_back({check, text.size(), "repaired"});
      }
    }
    text += right ? " so 05" : " ok";
    text += form ? " </think> <answer> 05 </answer>" : " .";
    Json j = {{"rollout", r},
              {"update", 2 * r},
              {"problem", p},
              {"level", p % 5 + 1},
              {"prompt", cat("calc 47 i1 + 38 i2 * ", 33 + p, " ?")},
              {"completion", text},
              {"answer", right ? "05" : "75"},
              {"reference", "05"},
              {"accuracy", right ? 1 : 0},
              {"format", form ? 1 : 0},
              {"length", static_cast<int>(text.size()) / 3}};
    if (!spans.empty()) j["spans"] = spans;
    w.write(j);
  }
}

}  // namespace

void write_fake_run(const std::string& folder, uint64_t seed, int rollouts) {
  std::filesystem::create_directories(folder);
  Json config = {{"command", "r1 r1-zero --preset toy --seed " + std::to_string(seed)},
                 {"machine", machine_info()},
                 {"seed", seed},
                 {"note", "made up by a test, no model was trained"},
                 {"rl", {{"group_size", 16}, {"lr", 2e-4}, {"kl_beta", 1e-3}, {"clip_high", 10}}}};
  write_file(folder + "/config.json", config.dump() + "\n");
  Rng rng(seed, Stream::kTest);
  MetricsWriter metrics(folder, std::nullopt);
  JsonlWriter samples(folder + "/samples.jsonl", std::nullopt);
  for (int r = 0; r <= rollouts; ++r) {
    const double t = static_cast<double>(r) / rollouts;
    if (r > 0) write_rollout(metrics, rng, r, t);
    if (r % 10 != 0) continue;
    write_evaluation(metrics, rng, seed, r, t);
    write_samples(samples, rng, r, t);
  }
}

}  // namespace r1_test
