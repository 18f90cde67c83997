// Sums of shapes. Paper: none.
#include "rl/memory_plan.h"

#include <algorithm>

#include "autograd/packed.h"

namespace r1 {

namespace {

constexpr size_t kReal = sizeof(real), kId = sizeof(token_t);

void keep_larger(std::vector<OutputLength>& mine, const std::vector<OutputLength>& other) {
  if (slot_tokens(other) > slot_tokens(mine)) mine = other;
}

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

std::string lengths_text(const std::vector<OutputLength>& slot) {
  return cat(slot.size(), slot.size() == 1 ? " answer, " : " answers, ", slot_tokens(slot), " tokens");
}

}  // namespace

void StepLengths::include(const StepLengths& o) {
  keep_larger(update_slot, o.update_slot);
  keep_larger(reference_piece, o.reference_piece);
  longest_prompt = std::max(longest_prompt, o.longest_prompt);
  tokens = std::max(tokens, o.tokens);
}

int64_t reference_pieces(const GrpoConfig& c) { return kGradSlots * c.minibatches; }

StepLengths worst_lengths(const GrpoConfig& c, int64_t longest_prompt) {
  const int64_t outputs = c.questions * c.group_size, updated = (outputs + c.minibatches - 1) / c.minibatches;
  const auto up = [](int64_t n, int64_t by) { return (n + by - 1) / by; };
  // Units of up to `most` outputs with one prompt, `of` outputs of groups that lie together, dealt evenly.
  const auto slot = [&](int64_t of, int64_t pieces, int64_t most) {
    const int64_t units = up(up(of, c.group_size) * up(std::min(of, c.group_size), most), pieces);
    std::vector<OutputLength> lengths;
    for (int64_t i = 0; i < std::min(of, units * most); ++i)
      lengths.push_back({longest_prompt, c.max_new_tokens, i / most});
    return lengths;
  };
  const int64_t share = std::min(kSharedPrompt, c.group_size);
  StepLengths l;
  l.update_slot = slot(updated, kGradSlots, c.minibatch_of == "groups" ? share : 1);
  if (c.kl_beta > 0) l.reference_piece = slot(outputs, reference_pieces(c), share);
  l.longest_prompt = longest_prompt;
  l.tokens = outputs * (longest_prompt + c.max_new_tokens);
  return l;
}

StepLengths rollout_lengths(const PolicyBatch& batch, const std::vector<std::vector<size_t>>& minibatches,
                            const GrpoConfig& c) {
  StepLengths l;
  for (const auto& pick : minibatches) keep_larger(l.update_slot, fullest_slot(batch, pick, kGradSlots));
  std::vector<size_t> all;
  for (size_t i = 0; i < batch.outputs.size(); ++i) {
    all.push_back(i);
    l.longest_prompt = std::max(l.longest_prompt, batch.outputs[i].prompt_length);
    l.tokens += static_cast<int64_t>(batch.outputs[i].ids.size());
  }
  if (c.kl_beta > 0) l.reference_piece = fullest_slot(batch, all, reference_pieces(c));
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

  const size_t update = slot_bytes(model, lengths.update_slot, c, false);
  const size_t reference = lengths.reference_piece.empty() ? 0 : slot_bytes(model, lengths.reference_piece, c, true);
  const auto& slot = update >= reference ? lengths.update_slot : lengths.reference_piece;
  plan.rows.push_back(
      {kMemoryUpdate, threads * std::max(update, reference), cat(threads, " x a slot of ", lengths_text(slot))});

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
