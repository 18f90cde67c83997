// Checks the request, sizes the caches, runs the workers. Paper: none.
#include "engine/engine.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <numeric>
#include <optional>

#include "engine/worker.h"

namespace r1 {

namespace {
/// Larger models pack their weights as they go: a second copy of them costs more than it saves.
constexpr int64_t kPackedParameters = int64_t{1} << 26;
/// Automatic batch. A step reads all weights and the caches of all samples that run. Where weights are small, more
/// samples than the CPU's caches hold cost more than they save; where they are not, many samples share a reading.
constexpr int64_t kCpuCache = int64_t{8} << 20, kLeastBatch = 12, kMostBatch = 64;

/// Left by an exception, it tells the other workers to stop.
struct StopOthers {
  std::atomic<bool>& stop;
  bool armed = true;
  ~StopOthers() {
    if (armed) stop = true;
  }
};
}  // namespace

Engine::Engine(const CausalLm& model, const EngineConfig& config, ThreadPool& pool)
    : model_(model), config_(config), pool_(pool) {
  if (config.max_batch < 0) fail("engine: max_batch = ", config.max_batch, ", expected 0 (automatic) or more");
  if (config.cache_tokens < 0) fail("engine: cache_tokens = ", config.cache_tokens, ", expected 0 (automatic) or more");
  if (config.threads < 0) fail("engine: threads = ", config.threads, ", expected 0 (all) or more");
}

bool Engine::packs_weights() const { return model_.params().numel() <= kPackedParameters; }

int64_t Engine::workers(int64_t prompts) const {
  const int64_t most = config_.threads > 0 ? std::min(config_.threads, pool_.size()) : pool_.size();
  return std::clamp<int64_t>(prompts, 1, most);
}

int64_t Engine::max_batch(const SamplingParams& params) const {
  if (config_.max_batch > 0) return config_.max_batch;
  const auto bytes = static_cast<int64_t>(sizeof(real));
  const int64_t room = kCpuCache - model_.params().numel() * bytes;
  const int64_t sample = (params.max_new_tokens + 1) / 2 * model_.n_layers() * model_.kv_shape().numbers() * bytes;
  return room <= 0 ? kMostBatch : std::clamp(room / std::max<int64_t>(1, sample), kLeastBatch, kMostBatch);
}

int64_t Engine::running(int64_t prompts, const SamplingParams& params) const {
  // Not more than a fair share each, or the first worker would take everything.
  const int64_t w = workers(prompts), share = (prompts + w - 1) / w * params.n;
  return std::min(max_batch(params), share);
}

int64_t Engine::cache_blocks(int64_t longest_prompt, int64_t prompts, const SamplingParams& params) const {
  // A shorter prompt may need one block more, where its last block is partial and the longest one's is full.
  const int64_t prompt = kv_blocks(longest_prompt),
                sample = blocks_of_sample(longest_prompt, params.max_new_tokens) + 1;
  const int64_t least = prompt + sample;
  if (config_.cache_tokens > 0) {
    if (config_.cache_tokens / kKvBlock < least)
      fail("engine: cache_tokens = ", config_.cache_tokens, ", expected at least ", least * kKvBlock,
           " for a prompt of ", longest_prompt, " and ", params.max_new_tokens, " new tokens");
    return config_.cache_tokens / kKvBlock;
  }
  // Each running sample may be of another prompt; the one that waits holds blocks as well.
  const int64_t samples = running(prompts, params);
  return samples * sample + (std::min(samples, prompts) + 1) * prompt;
}

size_t Engine::cache_bytes(int64_t longest_prompt, int64_t prompts, const SamplingParams& params) const {
  return static_cast<size_t>(cache_blocks(longest_prompt, prompts, params) * kKvBlock * model_.n_layers() *
                             model_.kv_shape().numbers()) *
         sizeof(real);
}

void Engine::check_prompts(const Prompts& prompts) const {
  for (size_t i = 0; i < prompts.size(); ++i) {
    if (prompts[i].empty()) fail("prompt ", i, " is empty, expected at least one token");
    for (token_t id : prompts[i])
      if (id < 0 || id >= model_.vocab_size())
        fail("prompt ", i, ": token id ", id, ", expected 0 to ", model_.vocab_size() - 1);
  }
}

std::vector<Completion> Engine::generate(const Prompts& prompts, const SamplingParams& params,
                                         const std::function<void(const EngineProgress&)>& progress) const {
  params.check();
  check_prompts(prompts);
  if (prompts.empty()) return {};
  size_t longest = 0;
  for (const auto& p : prompts) longest = std::max(longest, p.size());
  const int64_t count = static_cast<int64_t>(prompts.size()),
                blocks = cache_blocks(static_cast<int64_t>(longest), count, params);

  const PackedHead head(model_.head());
  std::optional<PackedWeights> packed;
  if (packs_weights()) packed.emplace(model_.params()).pack(&pool_);
  PromptQueue queue(prompts);
  std::vector<Completion> result(prompts.size() * static_cast<size_t>(params.n));
  EngineProgress state;
  state.samples = count * params.n;
  std::mutex mutex;
  std::atomic<bool> stop{false};
  std::vector<size_t> bytes(static_cast<size_t>(workers(count)));
  pool_.run(workers(count), [&](int64_t w, int) {
    StopOthers guard{stop};
    Worker worker(model_, packed ? &*packed : nullptr, head, queue, params, running(count, params), blocks);
    worker.run([&](std::vector<Completion> done, int64_t tokens) {
      if (stop) fail("another worker of the engine failed");  // the pool reports the first error
      std::lock_guard lock(mutex);
      state.tokens += tokens;
      state.finished += static_cast<int64_t>(done.size());
      bytes[static_cast<size_t>(w)] = worker.bytes();
      state.bytes = std::accumulate(bytes.begin(), bytes.end(), size_t{0});
      state.done = done;
      if (progress) progress(state);
      for (Completion& c : done) result[static_cast<size_t>(c.prompt * params.n + c.sample)] = std::move(c);
    });
    guard.armed = false;
  });
  return result;
}

}  // namespace r1
