// The engine's inner loop. Every forward appends its new rows to the cache and attends over it; only the last row of
// each sequence goes on to the output head. Paper: [V3 §2.1.1].
#include "engine/worker.h"

#include <algorithm>

namespace r1 {

Worker::Worker(const CausalLm& model, const PackedWeights* packed, const PackedHead& head, PromptQueue& queue,
               const SamplingParams& params, int64_t max_running, int64_t cache_blocks)
    : model_(model),
      head_(head),
      params_(params),
      blocks_(model.kv_shape(), model.n_layers(), cache_blocks),
      scheduler_(blocks_, queue, params, max_running),
      tape_(arena_, nullptr, nullptr, false) {
  tape_.set_packed(packed);
}

void Worker::clear() {
  tape_.reset();
  arena_.reset();
}

Tensor Worker::forward(const std::vector<Rows>& batch) {
  std::vector<token_t> ids;
  std::vector<int32_t> positions, cu{0}, table;
  KvView kv = blocks_.view();
  size_t stride = 0;
  for (const Rows& r : batch) stride = std::max(stride, r.blocks->size());
  for (const Rows& r : batch) {
    ids.insert(ids.end(), r.ids.begin(), r.ids.end());
    for (size_t i = 0; i < r.ids.size(); ++i)
      positions.push_back(static_cast<int32_t>(r.begin + static_cast<int64_t>(i)));
    cu.push_back(static_cast<int32_t>(ids.size()));
    table.insert(table.end(), r.blocks->begin(), r.blocks->end());
    table.resize(table.size() + stride - r.blocks->size(), 0);
    kv.longest = std::max<int64_t>(kv.longest, positions.back() + 1);
  }
  for (PagedKv& layer : kv.layers) layer.block_table = table.data(), layer.table_stride = static_cast<int64_t>(stride);
  const Var h = model_.forward(tape_, TokenBatch{ids, positions, cu, &kv});
  const int64_t c = head_.width();
  if (batch.size() == ids.size()) return h->value;
  const Tensor last = tape_.alloc({static_cast<int64_t>(batch.size()), c});
  for (size_t i = 0; i < batch.size(); ++i)
    std::copy_n(h->value.data() + (cu[i + 1] - 1) * c, c, last.data() + static_cast<int64_t>(i) * c);
  return last;
}

void Worker::prefill(const std::vector<std::shared_ptr<PromptGroup>>& groups) {
  for (size_t i = 0; i < groups.size();) {
    std::vector<Rows> batch;
    size_t tokens = 0, first = i;
    for (; i < groups.size() && (batch.empty() || tokens + groups[i]->ids.size() <= kPrefillTokens); ++i) {
      batch.push_back({&groups[i]->blocks, groups[i]->ids, 0});
      tokens += groups[i]->ids.size();
    }
    const Tensor h = forward(batch);
    for (size_t j = first; j < i; ++j) {
      const real* row = h.data() + static_cast<int64_t>(j - first) * head_.width();
      groups[j]->hidden.assign(row, row + head_.width());
    }
    clear();
  }
}

Tensor Worker::decode() {
  std::vector<Sequence>& running = scheduler_.running();
  std::vector<Rows> batch;
  for (Sequence& s : running) {
    if (s.fresh) continue;
    scheduler_.make_room(s);
    batch.push_back({&s.blocks, {&s.out.ids.back(), 1}, s.cached++});
  }
  const Tensor h = batch.empty() ? Tensor() : forward(batch);
  if (batch.size() == running.size()) return h;
  const int64_t c = head_.width();
  const Tensor all = tape_.alloc({static_cast<int64_t>(running.size()), c});
  const real* next = h.data();
  for (size_t i = 0; i < running.size(); ++i) {
    const real* from = running[i].fresh ? running[i].fresh->hidden.data() : next;
    std::copy_n(from, c, all.data() + static_cast<int64_t>(i) * c);
    if (!running[i].fresh) next += c;
  }
  return all;
}

int64_t Worker::draw(const Tensor& hidden, std::vector<char>& finished) {
  std::vector<Sequence>& running = scheduler_.running();
  std::vector<real> uniform;
  for (const Sequence& s : running)
    uniform.push_back(draw_uniform(params_, s.out.prompt, s.out.sample, static_cast<int64_t>(s.out.ids.size())));
  const Draws d = draw_tokens(tape_, head_, hidden.data(), uniform, params_);
  finished.assign(running.size(), 0);
  for (size_t i = 0; i < running.size(); ++i) {
    Sequence& s = running[i];
    s.fresh = nullptr;
    s.out.ids.push_back(d.ids[i]);
    s.out.logp.push_back(static_cast<float>(d.logp[i]));
    const bool eos = d.ids[i] == params_.eos;
    s.out.finish = eos ? Finish::kEos : Finish::kLength;
    const auto drawn = static_cast<int64_t>(s.out.ids.size());
    finished[i] =
        eos || drawn >= params_.max_new_tokens || (params_.limit && drawn >= params_.limit(s.out.prompt, s.out.sample));
  }
  return static_cast<int64_t>(running.size());
}

void Worker::run(const std::function<void(std::vector<Completion>, int64_t)>& done) {
  std::vector<char> finished;
  for (;;) {
    prefill(scheduler_.admit());
    if (scheduler_.running().empty()) {
      R1_CHECK(!scheduler_.waiting(), "the engine's cache of ", blocks_.total(),
               " blocks is too small for its next prompt");
      break;
    }
    const int64_t tokens = draw(decode(), finished);
    clear();
    done(scheduler_.collect(finished), tokens);
  }
}

}  // namespace r1
