// Times whole updates and rollouts. The floor of an amount of work is max(FLOP / P, bytes / B): P from an FMA loop that
// runs before each measurement, B from a copy that no cache holds. Weights are random and answers have given lengths,
// so that others can do the same work. Trap: on a shared machine only ratios taken in turn mean something. Paper: none.
#include "cli/bench_model.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <ctime>

#include "base/json_file.h"
#include "cli/bench_gemm.h"
#include "engine/engine.h"
#include "model/dense.h"
#include "model/flops.h"
#include "train/pretrainer.h"

namespace r1 {

namespace {

/// Seconds of this program's CPU time when it works on one thread, which other programs do not lengthen; else of the
/// wall clock.
double now(int threads) {
  timespec t{};
  clock_gettime(threads == 1 ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

double median(std::vector<double> v) {
  std::sort(v.begin(), v.end());
  return v.empty() ? 0 : (v[v.size() / 2] + v[(v.size() - 1) / 2]) / 2;
}

/// Bytes a second of a copy of 64 MiB, reads and writes counted, all threads at once.
double copy_bandwidth(ThreadPool& pool) {
  constexpr size_t kBytes = size_t{64} << 20;
  const auto n = static_cast<size_t>(pool.size());
  std::vector<std::vector<char>> from(n, std::vector<char>(kBytes / n, 1)), to = from;
  double best = 0;
  for (int round = 0; round < 5; ++round) {
    const double start = now(pool.size());
    pool.run(pool.size(), [&](int64_t i, int) {
      const auto k = static_cast<size_t>(i);
      std::memcpy(to[k].data(), from[k].data(), to[k].size());
    });
    best = std::max(best, 2.0 * static_cast<double>(kBytes) / (now(pool.size()) - start));
  }
  return best;
}

/// The sections of a run's file, or a plain model config.
struct Setting {
  ModelConfig model;
  PretrainConfig train;
};

Setting read_setting(const std::string& config) {
  Setting s;
  if (builtin_model_configs().count(config)) {
    s.model = find_model_config(config);
    return s;
  }
  const Json j = read_json_file(config);
  if (!j.is_object() || !j.contains("model")) {
    s.model = find_model_config(config);
    return s;
  }
  fields::from_json(s.model, j["model"], config + ": section 'model'");
  if (j.contains("train")) fields::from_json(s.train, j["train"], config + ": section 'train'");
  s.model.check(config);
  return s;
}

Example made_up_document(uint64_t i, int64_t vocab) {
  Example e;
  Rng rng(11, Stream::kTest, static_cast<uint32_t>(i));
  for (int n = i % 3 == 2 ? 42 : 43; n > 0; --n)
    e.tokens.push_back(static_cast<token_t>(rng.below(static_cast<uint32_t>(vocab))));
  e.mask.assign(e.tokens.size(), 1);
  return e;
}

/// What one kind of work came to: medians over the rounds.
struct Work {
  const char* name;
  double tokens = 0, flops = 0, bytes = 0;  ///< of one repetition
  std::vector<double> per_s = {}, of_floor = {};
  double peak = 0, bandwidth = 0;

  double floor_s() const { return std::max(flops / (peak * 1e9), bytes / bandwidth); }

  template <class F>
  void measure(const ModelBench& o, ThreadPool& pool, const F& once) {
    once();  // warm
    bandwidth = copy_bandwidth(pool);
    std::vector<double> peaks;
    for (int r = 0; r < o.rounds; ++r) {
      peak = fma_peak(&pool, 0.02);
      peaks.push_back(peak);
      const double start = now(o.threads);
      int64_t repeats = 0;
      do once(), ++repeats;
      while (now(o.threads) - start < o.seconds);
      const double s = (now(o.threads) - start) / static_cast<double>(repeats);
      per_s.push_back(tokens / s);
      of_floor.push_back(floor_s() / s);
    }
    peak = median(peaks);
  }

  void print(const ModelBench& o, const std::string& note) const {
    const double speed = median(per_s), ratio = median(of_floor);
    if (o.json) {
      const Json j{{"work", name},
                   {"config", o.config},
                   {"threads", o.threads},
                   {"tokens", tokens},
                   {"tokens_per_s", speed},
                   {"floor_ratio", ratio},
                   {"floor_tokens_per_s", tokens / floor_s()},
                   {"peak_gflops", peak},
                   {"copy_gb_per_s", bandwidth * 1e-9}};
      std::printf("%s\n", j.dump().c_str());
      return;
    }
    std::printf("%-9s %9.0f tokens/s   floor %9.0f   %5.1f%% of it   %.2f MFLOP a token, %.1f GFLOP/s of %.1f; %s\n",
                name, speed, tokens / floor_s(), 100 * ratio, flops / tokens * 1e-6, speed * flops / tokens * 1e-9,
                peak, note.c_str());
  }
};

}  // namespace

int64_t bench_length(int64_t i) {
  const double x = static_cast<double>(i + 1) * 0.6180339887498949, u = x - std::floor(x);
  return std::min<int64_t>(192, 8 + static_cast<int64_t>(std::floor(-28.0 * std::log(1 - u))));
}

void bench_train(const ModelBench& o) {
  Setting s = read_setting(o.config);
  s.train.updates = int64_t{1} << 40;
  const auto model = make_model(s.model);
  model->allocate();
  model->init(1);
  ThreadPool pool(o.threads);
  Pretrainer trainer(
      *model, s.train, [&](uint64_t i, double) { return made_up_document(i, s.model.vocab_size); }, pool);
  Work w{"training"};
  const PretrainReport first = trainer.step();
  w.tokens = static_cast<double>(first.tokens);
  const double documents = w.tokens * 3 / 128;
  w.flops = documents / 3 * (2 * document_training_flops(s.model, 43) + document_training_flops(s.model, 42));
  // AdamW: weight, gradient and both moments read, three of them written.
  w.bytes = static_cast<double>(model->params().numel()) * sizeof(real) * 7;
  w.measure(o, pool, [&] { trainer.step(); });
  w.print(o, cat(first.tokens, " tokens an update, ", first.documents, " documents, MTP ", s.model.n_mtp));
}

void bench_rollout(const ModelBench& o) {
  const Setting s = read_setting(o.config);
  constexpr int64_t kPrompt = 20, kGroup = 16;
  const auto model = make_model(s.model);
  model->allocate();
  model->init(1);
  ThreadPool pool(o.threads);
  Prompts prompts(static_cast<size_t>((o.samples + kGroup - 1) / kGroup));
  for (size_t p = 0; p < prompts.size(); ++p)
    for (int64_t i = 0; i < kPrompt; ++i)
      prompts[p].push_back(static_cast<token_t>((static_cast<int64_t>(p) * 31 + i * 7) % s.model.vocab_size));
  SamplingParams params;
  params.n = kGroup, params.max_new_tokens = 192, params.seed = 1;
  params.limit = [](int64_t p, int64_t i) { return bench_length(p * kGroup + i); };
  Work w{"rollout"};
  double steps = 0;
  for (int64_t i = 0; i < static_cast<int64_t>(prompts.size()) * kGroup; ++i) {
    const double n = static_cast<double>(bench_length(i)), from = kPrompt;
    w.tokens += n;
    w.flops += n * forward_flops(s.model) + attention_flops(s.model, n * from + n * (n - 1) / 2);
    w.bytes += (n * from + n * (n - 1) / 2) * static_cast<double>(model->kv_shape().numbers() * model->n_layers()) *
               sizeof(real);
    steps = std::max(steps, n);
  }
  w.bytes += steps * forward_flops(s.model) / 2 * sizeof(real);  // weights once a step at least
  const Engine engine(*model, EngineConfig{}, pool);
  w.measure(o, pool, [&] { engine.generate(prompts, params); });
  w.print(o, cat(prompts.size() * kGroup, " answers of ", static_cast<int64_t>(w.tokens) / o.samples,
                 " tokens on average, up to ", static_cast<int64_t>(steps)));
}

}  // namespace r1
