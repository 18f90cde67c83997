// Sums of shapes. Paper: none.
#include "rl/memory_plan.h"

#include <algorithm>

#include "autograd/packed.h"

namespace r1 {

namespace {

constexpr size_t kReal = sizeof(real), kId = sizeof(token_t);

/// Parameters, buffers and tables of one model.
size_t model_bytes(const CausalLm& model) {
  size_t n = model.table_bytes();
  for (const Param& p : model.params().all()) n += p.value.bytes();
  for (const Buffer& b : model.buffers()) n += b.value.bytes();
  return n;
}

/// What a rollout keeps of its answers while it is learnt from: the completion (id and logp, in vectors that grew by
/// doubling), the policy batch (id, old and reference logp), and the slots of one minibatch.
size_t answer_bytes(const GrpoConfig& c, int64_t tokens) {
  const size_t completion = (kId + kReal) * 3 / 2, batch = kId + 2 * kReal, slot = (4 * kId + 4 * kReal) * 3 / 2;
  const size_t outputs = static_cast<size_t>(c.questions * c.group_size);
  constexpr size_t kRecords = 512;  // completion, score, policy output and their vectors
  return static_cast<size_t>(tokens) * (completion + batch + slot / static_cast<size_t>(c.minibatches)) +
         outputs * kRecords;
}

std::string lengths_text(const std::vector<OutputLength>& part) {
  return cat(part.size(), part.size() == 1 ? " answer, " : " answers, ", part_rows(part), " tokens");
}

}  // namespace

void StepLengths::include(const StepLengths& o) {
  update.include(o.update);
  reference.include(o.reference);
  longest_prompt = std::max(longest_prompt, o.longest_prompt);
  tokens = std::max(tokens, o.tokens);
}

StepLengths worst_lengths(const GrpoConfig& c, int64_t longest_prompt) {
  const int64_t outputs = c.questions * c.group_size, updated = (outputs + c.minibatches - 1) / c.minibatches;
  const auto up = [](int64_t n, int64_t by) { return (n + by - 1) / by; };
  // Units of up to `most` outputs with one prompt, `of` outputs of groups that lie together, dealt evenly; as many
  // units as a part has room for.
  const auto lengths = [&](int64_t of, int64_t most) {
    const int64_t unit = longest_prompt + most * c.max_new_tokens;
    const int64_t units = up(up(of, c.group_size) * up(std::min(of, c.group_size), most), kGradSlots);
    const int64_t fit = std::max<int64_t>(1, std::min(units, c.part_tokens / unit));
    BatchLengths l;
    for (int64_t i = 0; i < std::min(of, fit * most); ++i)
      l.part.push_back({longest_prompt, c.max_new_tokens, i / most});
    l.slot_rows = std::min(of, units * most) * c.max_new_tokens + units * longest_prompt;
    return l;
  };
  const int64_t share = std::min(kSharedPrompt, c.group_size);
  StepLengths l;
  l.update = lengths(updated, c.minibatch_of == "groups" ? share : 1);
  if (c.kl_beta > 0) l.reference = lengths(outputs, share);
  l.longest_prompt = longest_prompt;
  l.tokens = outputs * (longest_prompt + c.max_new_tokens);
  return l;
}

StepLengths rollout_lengths(const PolicyBatch& batch, const std::vector<std::vector<size_t>>& minibatches,
                            const GrpoConfig& c) {
  StepLengths l;
  for (const auto& pick : minibatches) l.update.include(batch_lengths(batch, pick, c.part_tokens));
  std::vector<size_t> all;
  for (size_t i = 0; i < batch.outputs.size(); ++i) {
    all.push_back(i);
    l.longest_prompt = std::max(l.longest_prompt, batch.outputs[i].prompt_length);
    l.tokens += static_cast<int64_t>(batch.outputs[i].ids.size());
  }
  if (c.kl_beta > 0) l.reference = batch_lengths(batch, all, c.part_tokens);
  return l;
}

EngineRequest rollout_request(const GrpoConfig& c, int64_t longest_prompt) {
  EngineRequest r{c.questions, longest_prompt, {}};
  r.params.n = c.group_size, r.params.max_new_tokens = c.max_new_tokens;
  return r;
}

size_t MemoryPlan::total() const {
  size_t n = 0;
  for (const MemoryRow& r : rows) n += r.bytes;
  return n;
}

size_t MemoryPlan::of(const std::string& name) const {
  for (const MemoryRow& r : rows)
    if (r.name == name) return r.bytes;
  return 0;
}

size_t own_memory(const ProcessMemory& before) { return before.resident - before.file + process_memory().file; }

MemoryPlan plan_memory(const CausalLm& model, const GrpoConfig& c, const StepLengths& lengths,
                       const std::vector<EngineRequest>& requests, ThreadPool& pool, size_t process) {
  const size_t numel = static_cast<size_t>(model.params().numel()), set = numel * kReal;
  const size_t threads = static_cast<size_t>(pool.size());
  MemoryPlan plan;
  if (process > 0)
    plan.rows.push_back({"the process itself", process, "measured: heap before the models, pages of the program"});
  plan.rows.push_back({"weights: policy and reference", 2 * model_bytes(model), cat("2 x ", numel, " parameters")});
  plan.rows.push_back({"gradients", kGradSlots * set, cat(kGradSlots, " slots")});
  plan.rows.push_back({"AdamW", 2 * set, "2 moments"});
  plan.rows.push_back(
      {"packed weights", PackedWeights::bytes(model.params()), "as the products of an update read them"});

  // Beside a part's activations: the embedding rows' gradients of the slot so far, which wait for its end.
  const size_t width = static_cast<size_t>(model.head().value.size(1));
  const size_t update = part_bytes(model, lengths.update.part, c, false) +
                        static_cast<size_t>(lengths.update.slot_rows) * (width * kReal + kId);
  const size_t reference = lengths.reference.part.empty() ? 0 : part_bytes(model, lengths.reference.part, c, true);
  const auto& part = update >= reference ? lengths.update.part : lengths.reference.part;
  plan.rows.push_back({kMemoryUpdate, threads * std::max(update, reference), cat(threads, " x ", lengths_text(part))});

  const Engine engine(model, EngineConfig{}, pool);
  MemoryRow rollout{kMemoryEngine, 0, ""};
  for (const EngineRequest& r : requests) {
    const size_t workers = static_cast<size_t>(engine.workers(r.prompts)),
                 cache = workers * engine.cache_bytes(r.longest_prompt, r.prompts, r.params),
                 bytes = cache + engine.packed_bytes() +
                         workers * engine.activation_bytes(r.longest_prompt, r.prompts, r.params);
    if (bytes > rollout.bytes)
      rollout.bytes = bytes, rollout.how = cat(workers, " x a cache of ",
                                               cache / workers / kReal / kKvBlock /
                                                   static_cast<size_t>(model.n_layers() * model.kv_shape().numbers()),
                                               " blocks of ", kKvBlock, " tokens");
  }
  plan.rows.push_back(rollout);
  plan.rows.push_back({"answers", answer_bytes(c, lengths.tokens), cat(lengths.tokens, " tokens of a rollout")});
  return plan;
}

}  // namespace r1
