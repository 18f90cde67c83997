// GRPO. Paper: [R1 Eq. 1-3].
#include "rl/grpo.h"

#include <algorithm>
#include <cmath>

#include "autograd/ops/logp.h"

namespace r1 {

namespace {

/// Outputs of one slot, with the row of each answer token's predecessor and its values. Documents: a prompt, then the
/// answers to it, which go on from it. So a prompt is computed once for all of its answers in the slot.
struct SlotOutputs {
  PackedSlot docs;
  std::vector<size_t> outputs;
  std::vector<int32_t> rows;
  std::vector<token_t> targets;
  std::vector<real> logp_old, logp_ref, advantage, weight;
};

bool same_prompt(const PolicyOutput& a, const PolicyOutput& b) {
  return a.prompt_length == b.prompt_length &&
         std::equal(a.ids.begin(), a.ids.begin() + a.prompt_length, b.ids.begin());
}

/// Deals the picked outputs into balanced slots: neighbours with the same prompt stay together, kSharedPrompt at most.
std::vector<std::vector<size_t>> pack_outputs(const PolicyBatch& batch, const std::vector<size_t>& pick,
                                              int64_t pieces) {
  std::vector<std::vector<size_t>> units;
  std::vector<int64_t> lengths;
  for (size_t o : pick) {
    const PolicyOutput& out = batch.outputs[o];
    const bool joins = !units.empty() && units.back().size() < static_cast<size_t>(kSharedPrompt) &&
                       same_prompt(batch.outputs[units.back().front()], out);
    if (!joins) units.emplace_back(), lengths.push_back(out.prompt_length);
    units.back().push_back(o);
    lengths.back() += out.answer_length();
  }
  const Packing packing = pack_best_fit(lengths, static_cast<int>(pieces), 0);
  std::vector<std::vector<size_t>> slots(static_cast<size_t>(pieces));
  for (size_t s = 0; s < slots.size(); ++s)
    for (size_t u : packing.slots[s]) slots[s].insert(slots[s].end(), units[u].begin(), units[u].end());
  return slots;
}

/// Deals the picked outputs into balanced slots. weight: 1 / (outputs * |o|) for the sequence mean, 1 / tokens else.
std::vector<SlotOutputs> make_slots(const PolicyBatch& batch, const std::vector<size_t>& pick, bool token_mean,
                                    int64_t pieces = kGradSlots) {
  int64_t tokens = 0;
  for (size_t o : pick) tokens += batch.outputs[o].answer_length();
  std::vector<SlotOutputs> slots(static_cast<size_t>(pieces));
  const std::vector<std::vector<size_t>> dealt = pack_outputs(batch, pick, pieces);
  for (size_t s = 0; s < slots.size(); ++s) {
    PackedSlot& docs = slots[s].docs;
    const PolicyOutput* prompt = nullptr;  // whose prompt is document `behind`
    int32_t behind = -1;
    for (size_t i : dealt[s]) {
      const PolicyOutput& o = batch.outputs[i];
      const auto answer = o.ids.begin() + o.prompt_length;
      if (!prompt || !same_prompt(*prompt, o)) {
        prompt = &o, behind = static_cast<int32_t>(docs.source.size());
        docs.append({{o.ids.begin(), answer}, {}, 0}, i);
      }
      const int64_t last = docs.cu_seqlens[static_cast<size_t>(behind) + 1] - 1;  // row of the prompt's last token
      const int64_t first = docs.tokens(), n = o.answer_length();
      docs.append({{answer, o.ids.end()}, {}, 0}, i, behind);
      slots[s].outputs.push_back(i);
      const double w = token_mean ? 1.0 / static_cast<double>(tokens)
                                  : 1.0 / (static_cast<double>(pick.size()) * static_cast<double>(n));
      for (int64_t t = 0; t < n; ++t) {
        slots[s].rows.push_back(static_cast<int32_t>(t == 0 ? last : first + t - 1));
        slots[s].targets.push_back(o.ids[static_cast<size_t>(o.prompt_length + t)]);
        slots[s].advantage.push_back(static_cast<real>(o.advantage));
        slots[s].weight.push_back(static_cast<real>(w));
      }
      slots[s].logp_old.insert(slots[s].logp_old.end(), o.logp_old.begin(), o.logp_old.end());
      slots[s].logp_ref.insert(slots[s].logp_ref.end(), o.logp_ref.begin(), o.logp_ref.end());
    }
  }
  return slots;
}

ops::TokenLogp slot_logp(Tape& t, const CausalLm& model, const SlotOutputs& s, double temperature) {
  const TokenBatch batch{s.docs.ids, s.docs.positions, s.docs.cu_seqlens, nullptr, nullptr, 0, s.docs.prefix};
  return ops::token_logp(t, model.forward(t, batch), model.head(), s.rows, s.targets,
                         static_cast<real>(1 / temperature));
}

std::vector<int64_t> rows_of(const std::vector<SlotOutputs>& slots) {
  std::vector<int64_t> n;
  for (const SlotOutputs& s : slots) n.push_back(s.docs.tokens());
  return n;
}

std::vector<size_t> all_of(const PolicyBatch& batch) {
  std::vector<size_t> all(batch.outputs.size());
  for (size_t i = 0; i < all.size(); ++i) all[i] = i;
  return all;
}

/// Objective of one slot: seeds d logp, walks the tape, returns sums.
GrpoStats slot_objective(Tape& t, const CausalLm& policy, const SlotOutputs& s, double temperature,
                         const GrpoConfig& c) {
  GrpoStats stats;
  const ops::TokenLogp lp = slot_logp(t, policy, s, temperature);
  const int64_t n = static_cast<int64_t>(s.rows.size());
  const Tensor loss = t.alloc({n}), ratio = t.alloc({n}), kl = t.alloc({n}), clipped = t.alloc({n});
  PolicyLossArgs a;
  a.n = n, a.logp = lp.logp->value.data(), a.logp_old = s.logp_old.data(),
  a.logp_ref = s.logp_ref.empty() ? nullptr : s.logp_ref.data();
  a.advantage = s.advantage.data(), a.weight = s.weight.data();
  a.clip_low = static_cast<real>(c.clip_low), a.clip_high = static_cast<real>(c.clip_high);
  a.kl_beta = static_cast<real>(c.kl_beta), a.kl = kl_kind(c.kl);
  policy_loss(t.exec(), loss.data(), t.grad_slot(lp.logp).tensor.data(), ratio.data(), kl.data(), clipped.data(), a);
  t.backward();
  if (!loss.data()) return stats;
  stats.tokens = n;
  for (int64_t i = 0; i < n; ++i) {
    stats.loss += static_cast<double>(loss.data()[i]), stats.kl += static_cast<double>(kl.data()[i]);
    stats.entropy += static_cast<double>(lp.entropy.data()[i]), stats.clipped += static_cast<double>(clipped.data()[i]);
    stats.ratio += static_cast<double>(ratio.data()[i]);
    stats.ratio_max = std::max(stats.ratio_max, static_cast<double>(ratio.data()[i]));
    stats.logp_diff_max =
        std::max(stats.logp_diff_max, std::abs(static_cast<double>(a.logp[i]) - static_cast<double>(a.logp_old[i])));
  }
  return stats;
}

}  // namespace

void GrpoStats::add(const GrpoStats& s) {
  loss += s.loss, kl += s.kl, entropy += s.entropy, clipped += s.clipped, ratio += s.ratio, tokens += s.tokens;
  ratio_max = std::max(ratio_max, s.ratio_max);
  logp_diff_max = std::max(logp_diff_max, s.logp_diff_max);
}

KlKind kl_kind(const std::string& name) {
  if (name == "k1") return KlKind::kK1;
  if (name == "k2") return KlKind::kK2;
  if (name == "k3") return KlKind::kK3;
  fail("unknown KL estimator '", name, "', expected k1, k2 or k3");
}

Gradients& grpo_gradient(SlotRunner& runner, const CausalLm& policy, const PolicyBatch& batch,
                         const std::vector<size_t>& pick, const GrpoConfig& c, GrpoStats& stats) {
  const std::vector<SlotOutputs> slots = make_slots(batch, pick, c.loss_mean == "token");
  std::vector<GrpoStats> parts(slots.size());
  Gradients& g = runner.run(rows_of(slots), [&](int s, Tape& t) {
    const SlotOutputs& slot = slots[static_cast<size_t>(s)];
    if (!slot.rows.empty()) parts[static_cast<size_t>(s)] = slot_objective(t, policy, slot, batch.temperature, c);
  });
  for (const GrpoStats& p : parts) stats.add(p);
  return g;
}

std::vector<std::vector<real>> answer_logp(SlotRunner& runner, const CausalLm& model, const PolicyBatch& batch,
                                           int64_t pieces) {
  std::vector<std::vector<real>> out(batch.outputs.size());
  const std::vector<SlotOutputs> slots = make_slots(batch, all_of(batch), false, pieces);
  runner.run_forward(rows_of(slots), [&](int64_t s, Tape& t) {
    const SlotOutputs& slot = slots[static_cast<size_t>(s)];
    if (slot.rows.empty()) return;
    const real* lp = slot_logp(t, model, slot, batch.temperature).logp->value.data();
    for (size_t o : slot.outputs) {
      const int64_t n = batch.outputs[o].answer_length();
      out[o].assign(lp, lp + n);
      lp += n;
    }
  });
  return out;
}

void fill_reference(SlotRunner& runner, const CausalLm& reference, PolicyBatch& batch, int64_t pieces) {
  std::vector<std::vector<real>> logp = answer_logp(runner, reference, batch, pieces);
  for (size_t i = 0; i < logp.size(); ++i) batch.outputs[i].logp_ref = std::move(logp[i]);
}

int64_t slot_tokens(const std::vector<OutputLength>& slot) {
  int64_t n = 0;
  for (size_t i = 0; i < slot.size(); ++i)
    n += slot[i].answer + (i > 0 && slot[i].group == slot[i - 1].group ? 0 : slot[i].prompt);
  return n;
}

std::vector<OutputLength> fullest_slot(const PolicyBatch& batch, const std::vector<size_t>& pick, int64_t pieces) {
  std::vector<OutputLength> fullest;
  int64_t most = 0;
  for (const std::vector<size_t>& slot : pack_outputs(batch, pick, pieces)) {
    std::vector<OutputLength> lengths;
    for (size_t i = 0; i < slot.size(); ++i) {
      const PolicyOutput& o = batch.outputs[slot[i]];
      const bool shares = i > 0 && same_prompt(batch.outputs[slot[i - 1]], o);
      const int64_t group = i == 0 ? 0 : lengths.back().group + (shares ? 0 : 1);
      lengths.push_back({o.prompt_length, o.answer_length(), group});
    }
    const int64_t tokens = slot_tokens(lengths);
    if (tokens <= most) continue;
    most = tokens;
    fullest = std::move(lengths);
  }
  return fullest;
}

size_t slot_bytes(const CausalLm& model, const std::vector<OutputLength>& outputs, const GrpoConfig& c,
                  bool reference) {
  PolicyBatch batch;
  for (const OutputLength& l : outputs) {
    PolicyOutput o;
    o.ids.resize(static_cast<size_t>(l.prompt + l.answer));
    std::fill_n(o.ids.begin(), l.prompt, static_cast<token_t>(l.group % 2));  // neighbours of one group share a prompt
    o.prompt_length = l.prompt;
    batch.outputs.push_back(std::move(o));
  }
  const SlotOutputs slot = make_slots(batch, all_of(batch), false, 1).front();
  Arena arena(true);
  Tape t(arena, nullptr, nullptr, !reference);
  if (reference)
    slot_logp(t, model, slot, batch.temperature);
  else
    slot_objective(t, model, slot, batch.temperature, c);
  return arena.peak() + t.workspace_bytes();
}

}  // namespace r1
