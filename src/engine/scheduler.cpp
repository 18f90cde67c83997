// Admission by worst-case reservation, forks of a prompt, and the end of samples. Paper: none.
#include "engine/scheduler.h"

#include <utility>

namespace r1 {

std::shared_ptr<PromptGroup> PromptQueue::take() {
  const size_t i = next_.fetch_add(1, std::memory_order_relaxed);
  if (i >= prompts_.size()) return nullptr;
  auto g = std::make_shared<PromptGroup>();
  g->prompt = static_cast<int64_t>(i);
  g->ids = prompts_[i];
  return g;
}

int64_t blocks_of_sample(int64_t prompt_tokens, int64_t max_new_tokens) {
  // The last drawn token is never written; the prompt's partial block is copied, so it counts.
  return kv_blocks(prompt_tokens + max_new_tokens - 1) - prompt_tokens / kKvBlock;
}

Scheduler::Scheduler(BlockManager& blocks, PromptQueue& queue, const SamplingParams& params, int64_t max_running)
    : blocks_(blocks), queue_(queue), params_(params), max_running_(max_running) {}

bool Scheduler::begin(PromptGroup& g) {
  const int64_t tokens = static_cast<int64_t>(g.ids.size());
  if (available() < kv_blocks(tokens) + blocks_of_sample(tokens, params_.max_new_tokens)) return false;
  for (int64_t i = 0; i < kv_blocks(tokens); ++i) g.blocks.push_back(blocks_.allocate());
  return true;
}

bool Scheduler::fork(const std::shared_ptr<PromptGroup>& g) {
  const int64_t tokens = static_cast<int64_t>(g->ids.size());
  const int64_t need = blocks_of_sample(tokens, params_.max_new_tokens);
  if (available() < need) return false;
  Sequence s;
  s.fresh = g;
  s.blocks = g->blocks;
  for (int32_t b : s.blocks) blocks_.share(b);
  s.cached = tokens;
  s.reserved = need;
  s.out.prompt = g->prompt;
  s.out.sample = g->started++;
  reserved_ += need;
  running_.push_back(std::move(s));
  return true;
}

std::vector<std::shared_ptr<PromptGroup>> Scheduler::admit() {
  std::vector<std::shared_ptr<PromptGroup>> prefill;
  while (static_cast<int64_t>(running_.size()) < max_running_) {
    if (!waiting_) waiting_ = queue_.take();
    if (!waiting_) break;
    if (waiting_->blocks.empty()) {
      if (!begin(*waiting_)) break;
      prefill.push_back(waiting_);
    }
    if (!fork(waiting_)) break;
    if (waiting_->started < params_.n) continue;
    for (int32_t b : waiting_->blocks) blocks_.release(b);
    waiting_ = nullptr;
  }
  return prefill;
}

void Scheduler::make_room(Sequence& s) {
  const size_t at = static_cast<size_t>(s.cached / kKvBlock);
  const int64_t before = blocks_.free_blocks();
  if (at == s.blocks.size())
    s.blocks.push_back(blocks_.allocate());
  else
    s.blocks[at] = blocks_.own(s.blocks[at]);
  const int64_t taken = before - blocks_.free_blocks();
  s.reserved -= taken;
  reserved_ -= taken;
}

std::vector<Completion> Scheduler::collect(const std::vector<char>& finished) {
  std::vector<Completion> done;
  size_t kept = 0;
  for (size_t i = 0; i < running_.size(); ++i) {
    Sequence& s = running_[i];
    if (!finished[i]) {
      if (kept != i) running_[kept] = std::move(s);
      ++kept;
      continue;
    }
    for (int32_t b : s.blocks) blocks_.release(b);
    reserved_ -= s.reserved;
    done.push_back(std::move(s.out));
  }
  running_.resize(kept);
  return done;
}

}  // namespace r1
