// Pre-training. Paper: [V3 §4.2].
#include "train/pretrainer.h"

#include <algorithm>
#include <cmath>

#include "nn/feed_forward.h"

namespace r1 {

Pretrainer::Pretrainer(CausalLm& model, const PretrainConfig& config, DocumentSource source, ThreadPool& pool)
    : model_(model),
      c_(config),
      source_(std::move(source)),
      pool_(pool),
      runner_(model.params(), pool),
      adamw_(model.params(), config.adamw) {}

PretrainPlan plan_pretraining(const CausalLm& model, const PretrainConfig& config, Device device) {
  PretrainPlan plan;
  const size_t params = static_cast<size_t>(model.params().numel()) * sizeof(real);
  plan.weights = params + model.table_bytes(), plan.gradients = params * kGradSlots, plan.moments = 2 * params;
  Example document;  // one as long as fits, zeros: activations depend on lengths alone
  const int64_t n = std::max<int64_t>(2, config.batch_tokens / kGradSlots);
  document.tokens.assign(static_cast<size_t>(n), 0), document.mask.assign(static_cast<size_t>(n), 1);
  PackedSlot slot;
  slot.append(document, 0);
  std::fill(slot.positions.begin(), slot.positions.end(), 0);
  Arena arena(true, device);
  Tape tape(arena, nullptr, nullptr, true);
  lm_loss(tape, model, slot, config.loss, n, n);
  plan.activations = arena.peak() + tape.workspace_bytes();
  return plan;
}

std::string PretrainPlan::text() const {
  const auto mib = [](size_t bytes) {
    const double x = static_cast<double>(bytes) / (1 << 20);
    return cat(static_cast<double>(std::lround(x * 10)) / 10, " MiB");
  };
  return cat("weights ", mib(weights), ", ", kGradSlots, " slots of gradients ", mib(gradients), ", moments ",
             mib(moments), ", activations ", mib(activations), ", in all ", mib(total()));
}

std::vector<PackedSlot> Pretrainer::next_batch() {
  const double progress = static_cast<double>(updates()) / static_cast<double>(std::max<int64_t>(1, c_.updates));
  std::vector<Example> docs;
  std::vector<int64_t> lengths;
  std::vector<double> drawn_at;
  int64_t total = 0;
  const auto take = [&](uint64_t i, double at) {
    docs.push_back(source_(i, at));
    docs.back().index = i;
    lengths.push_back(static_cast<int64_t>(docs.back().tokens.size()));
    drawn_at.push_back(at);
    total += lengths.back();
  };
  for (const auto& [i, at] : postponed_) take(i, at);
  while (total < c_.batch_tokens) take(next_document_++, progress);
  // A slot holds its share of the batch, or the longest document where that is more: documents are never cut.
  const int64_t capacity = std::max(c_.batch_tokens / kGradSlots, *std::max_element(lengths.begin(), lengths.end()));
  const Packing packing = pack_best_fit(lengths, kGradSlots, capacity);
  postponed_.clear();
  for (size_t i : packing.left) postponed_.emplace_back(docs[i].index, drawn_at[i]);
  std::vector<PackedSlot> slots(kGradSlots);
  for (size_t s = 0; s < slots.size(); ++s)
    for (size_t i : packing.slots[s]) slots[s].append(docs[i], i);
  return slots;
}

PretrainReport Pretrainer::step() {
  const std::vector<PackedSlot> slots = next_batch();
  PretrainReport r;
  int64_t targets = 0;
  std::vector<int64_t> sizes;
  std::vector<int32_t> rows;
  std::vector<token_t> ids;
  for (const PackedSlot& s : slots) {
    collect_targets(s, 1, rows, ids);
    targets += static_cast<int64_t>(rows.size());
    sizes.push_back(s.tokens());
    r.tokens += sizes.back();
    r.documents += static_cast<int64_t>(s.source.size());
  }
  std::vector<LmLossStats> parts(slots.size());
  Gradients& g = runner_.run(sizes, [&](int s, Tape& t) {
    parts[static_cast<size_t>(s)] =
        lm_loss(t, model_, slots[static_cast<size_t>(s)], c_.loss, std::max<int64_t>(1, targets), r.tokens);
  });
  int64_t mtp_targets = 0;
  for (const LmLossStats& p : parts) r.loss += p.loss, r.mtp_loss += p.mtp_loss, mtp_targets += p.mtp_targets;
  r.loss /= static_cast<double>(std::max<int64_t>(1, targets));
  r.mtp_loss /= static_cast<double>(std::max<int64_t>(1, mtp_targets));
  r.lr = learning_rate(c_.schedule, updates(), c_.updates);
  r.grad_norm = global_norm(model_.params(), g, &pool_);
  if (std::isfinite(r.grad_norm) && std::isfinite(r.loss)) {
    skipped_in_a_row_ = 0;
    adamw_.step(model_.params(), g, r.lr, clip_factor(r.grad_norm, c_.max_grad_norm), &pool_);
    balance(parts, r);
  } else {
    skip(parts, r, g);
  }
  r.update = updates();
  return r;
}

void Pretrainer::skip(const std::vector<LmLossStats>& parts, const PretrainReport& r, Gradients& g) {
  if (++skipped_in_a_row_ < 3) return;
  std::string where;
  for (size_t s = 0; s < parts.size() && where.empty(); ++s)
    if (!parts[s].not_finite.empty())
      where = cat("slot ", s, " of ", parts[s].tokens, " tokens: ", parts[s].not_finite);
  for (const Param& p : model_.params().all()) {
    if (!where.empty()) break;
    if (const std::string what = not_finite(g.of(p)); !what.empty()) where = cat("gradient of ", p.name, ": ", what);
  }
  fail("update ", updates(), ": loss ", r.loss, ", gradient norm ", r.grad_norm,
       ", not finite for the third time in a row; ", where,
       "; the last checkpoint is good: go on from it with --resume and a smaller train.schedule.lr");
}

void Pretrainer::balance(const std::vector<LmLossStats>& parts, PretrainReport& r) {
  for (size_t m = 0; m < model_.n_moe_layers(); ++m) {
    std::vector<int64_t> load;
    for (const LmLossStats& p : parts) {
      if (p.tokens == 0) continue;
      const ops::RouterStats& s = p.routers[m];
      load.resize(s.load.size());
      for (size_t e = 0; e < s.load.size(); ++e) load[e] += s.load[e];
      r.balance_loss += s.balance_loss / static_cast<double>(r.tokens) / static_cast<double>(model_.n_moe_layers());
    }
    int64_t total = 0, most = 0;
    for (int64_t n : load) total += n, most = std::max(most, n);
    if (total > 0)
      r.load_max = std::max(r.load_max,
                            static_cast<double>(most) * static_cast<double>(load.size()) / static_cast<double>(total));
    if (m < model_.buffers().size())
      update_router_bias(model_.buffers()[m].value, load, static_cast<real>(c_.bias_gamma));
  }
}

CheckpointState Pretrainer::state() {
  CheckpointState s;
  s.add("policy/", model_.params());
  s.add("adam_m/", model_.params(), adamw_.first_moment());
  s.add("adam_v/", model_.params(), adamw_.second_moment());
  for (const Buffer& b : model_.buffers()) s.add("buffer/" + b.name, b.value);
  Json postponed = Json::array();
  for (const auto& [i, at] : postponed_) postponed.push_back(Json::array({i, at}));
  s.sections["pretrain"] = Json{{"updates", updates()},
                                {"next_document", next_document_},
                                {"postponed", postponed},
                                {"skipped", skipped_in_a_row_}};
  return s;
}

void Pretrainer::restore(const Json& sections) {
  const auto it = sections.find("pretrain");
  if (it == sections.end()) fail("checkpoint has no section 'pretrain': not a checkpoint of pre-training");
  try {
    adamw_.set_updates(it->at("updates").get<int64_t>());
    next_document_ = it->at("next_document").get<uint64_t>();
    skipped_in_a_row_ = it->at("skipped").get<int64_t>();
    postponed_.clear();
    for (const Json& p : it->at("postponed")) postponed_.emplace_back(p.at(0).get<uint64_t>(), p.at(1).get<double>());
  } catch (const Json::exception& e) {
    fail("checkpoint section 'pretrain' is malformed: ", e.what());
  }
}

}  // namespace r1
