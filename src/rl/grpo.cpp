// GRPO. Paper: [R1 Eq. 1-3].
#include "rl/grpo.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "autograd/ops/logp.h"

namespace r1 {

namespace {

/// Outputs of one part of a slot, with the row of each answer token's predecessor and its values. Documents: a prompt,
/// then the answers to it, which go on from it. So a prompt is computed once for all of its answers in the part.
struct Part {
  PackedSlot docs;
  std::vector<size_t> outputs;
  std::vector<int32_t> rows;
  std::vector<token_t> targets;
  std::vector<real> logp_old, logp_ref, advantage, weight;
};
/// The parts run one after the other, and their gradients add up.
using Slot = std::vector<Part>;

bool same_prompt(const PolicyOutput& a, const PolicyOutput& b) {
  return a.prompt_length == b.prompt_length &&
         std::equal(a.ids.begin(), a.ids.begin() + a.prompt_length, b.ids.begin());
}

/// Deals the picked outputs into balanced slots: neighbours with the same prompt stay together, kSharedPrompt at most.
/// [slot][part]: the outputs of each part. A part ends between prompts only, so that no bit depends on where.
std::vector<std::vector<std::vector<size_t>>> deal_outputs(const PolicyBatch& batch, const std::vector<size_t>& pick,
                                                           int64_t part_tokens) {
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
  const Packing packing = pack_best_fit(lengths, kGradSlots, 0);
  std::vector<std::vector<std::vector<size_t>>> slots(kGradSlots);
  for (size_t s = 0; s < slots.size(); ++s) {
    int64_t room = 0;  // of the last part
    for (size_t u : packing.slots[s]) {
      const bool joins =
          !slots[s].empty() && same_prompt(batch.outputs[slots[s].back().back()], batch.outputs[units[u].front()]);
      if (!joins && (slots[s].empty() || lengths[u] > room)) slots[s].emplace_back(), room = part_tokens;
      slots[s].back().insert(slots[s].back().end(), units[u].begin(), units[u].end());
      room -= lengths[u];
    }
  }
  return slots;
}

/// `weight_of(|o|)`: weight of every token of an answer of that length.
Part make_part(const PolicyBatch& batch, const std::vector<size_t>& outputs,
               const std::function<double(int64_t)>& weight_of) {
  Part part;
  PackedSlot& docs = part.docs;
  const PolicyOutput* prompt = nullptr;  // whose prompt is document `behind`
  int32_t behind = -1;
  for (size_t i : outputs) {
    const PolicyOutput& o = batch.outputs[i];
    const auto answer = o.ids.begin() + o.prompt_length;
    if (!prompt || !same_prompt(*prompt, o)) {
      prompt = &o, behind = static_cast<int32_t>(docs.source.size());
      docs.append({{o.ids.begin(), answer}, {}, 0}, i);
    }
    const int64_t last = docs.cu_seqlens[static_cast<size_t>(behind) + 1] - 1;  // row of the prompt's last token
    const int64_t first = docs.tokens(), n = o.answer_length();
    docs.append({{answer, o.ids.end()}, {}, 0}, i, behind);
    part.outputs.push_back(i);
    for (int64_t t = 0; t < n; ++t) {
      part.rows.push_back(static_cast<int32_t>(t == 0 ? last : first + t - 1));
      part.targets.push_back(o.ids[static_cast<size_t>(o.prompt_length + t)]);
      part.advantage.push_back(static_cast<real>(o.advantage));
      part.weight.push_back(static_cast<real>(weight_of(n)));
    }
    part.logp_old.insert(part.logp_old.end(), o.logp_old.begin(), o.logp_old.end());
    part.logp_ref.insert(part.logp_ref.end(), o.logp_ref.begin(), o.logp_ref.end());
  }
  return part;
}

/// Weights: 1 / (outputs * |o|) for the sequence mean, 1 / tokens else.
std::vector<Slot> make_slots(const PolicyBatch& batch, const std::vector<size_t>& pick, bool token_mean,
                             int64_t part_tokens) {
  int64_t tokens = 0;
  for (size_t o : pick) tokens += batch.outputs[o].answer_length();
  const auto weight_of = [&](int64_t n) {
    return token_mean ? 1.0 / static_cast<double>(tokens)
                      : 1.0 / (static_cast<double>(pick.size()) * static_cast<double>(n));
  };
  std::vector<Slot> slots;
  for (const auto& parts : deal_outputs(batch, pick, part_tokens)) {
    slots.emplace_back();
    for (const std::vector<size_t>& outputs : parts) slots.back().push_back(make_part(batch, outputs, weight_of));
  }
  return slots;
}

/// work(part) for each part, on a tape that begins anew.
void each_part(Tape& t, const Slot& slot, const std::function<void(const Part&)>& work) {
  t.set_in_parts(slot.size() > 1);
  for (const Part& part : slot) {
    t.reset();
    t.arena().reset();
    work(part);
  }
}

ops::TokenLogp part_logp(Tape& t, const CausalLm& model, const Part& p, double temperature) {
  const TokenBatch batch{p.docs.ids, p.docs.positions, p.docs.cu_seqlens, nullptr, nullptr, 0, p.docs.prefix};
  return ops::token_logp(t, model.forward(t, batch), model.head(), p.rows, p.targets,
                         static_cast<real>(1 / temperature));
}

std::vector<int64_t> rows_of(const std::vector<Slot>& slots) {
  std::vector<int64_t> n;
  for (const Slot& slot : slots) {
    n.push_back(0);
    for (const Part& p : slot) n.back() += p.docs.tokens();
  }
  return n;
}

std::vector<size_t> all_of(const PolicyBatch& batch) {
  std::vector<size_t> all(batch.outputs.size());
  for (size_t i = 0; i < all.size(); ++i) all[i] = i;
  return all;
}

/// Objective of one part: seeds d logp, walks the tape, returns sums.
GrpoStats part_objective(Tape& t, const CausalLm& policy, const Part& p, double temperature, const GrpoConfig& c) {
  GrpoStats stats;
  const ops::TokenLogp lp = part_logp(t, policy, p, temperature);
  const int64_t n = static_cast<int64_t>(p.rows.size());
  const Tensor loss = t.alloc({n}), ratio = t.alloc({n}), kl = t.alloc({n}), clipped = t.alloc({n});
  PolicyLossArgs a;
  a.n = n, a.logp = lp.logp->value.data(), a.logp_old = p.logp_old.data(),
  a.logp_ref = p.logp_ref.empty() ? nullptr : p.logp_ref.data();
  a.advantage = p.advantage.data(), a.weight = p.weight.data();
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
  const std::vector<Slot> slots = make_slots(batch, pick, c.loss_mean == "token", c.part_tokens);
  std::vector<GrpoStats> sums(slots.size());
  Gradients& g = runner.run(rows_of(slots), [&](int s, Tape& t) {
    each_part(t, slots[static_cast<size_t>(s)], [&](const Part& p) {
      sums[static_cast<size_t>(s)].add(part_objective(t, policy, p, batch.temperature, c));
    });
  });
  for (const GrpoStats& sum : sums) stats.add(sum);
  return g;
}

std::vector<std::vector<real>> answer_logp(SlotRunner& runner, const CausalLm& model, const PolicyBatch& batch,
                                           int64_t part_tokens) {
  std::vector<std::vector<real>> out(batch.outputs.size());
  const std::vector<Slot> slots = make_slots(batch, all_of(batch), false, part_tokens);
  runner.run_forward(rows_of(slots), [&](int64_t s, Tape& t) {
    each_part(t, slots[static_cast<size_t>(s)], [&](const Part& p) {
      const real* lp = part_logp(t, model, p, batch.temperature).logp->value.data();
      for (size_t o : p.outputs) {
        const int64_t n = batch.outputs[o].answer_length();
        out[o].assign(lp, lp + n);
        lp += n;
      }
    });
  });
  return out;
}

void fill_reference(SlotRunner& runner, const CausalLm& reference, PolicyBatch& batch, int64_t part_tokens) {
  std::vector<std::vector<real>> logp = answer_logp(runner, reference, batch, part_tokens);
  for (size_t i = 0; i < logp.size(); ++i) batch.outputs[i].logp_ref = std::move(logp[i]);
}

int64_t part_rows(const std::vector<OutputLength>& part) {
  int64_t n = 0;
  for (size_t i = 0; i < part.size(); ++i)
    n += part[i].answer + (i > 0 && part[i].group == part[i - 1].group ? 0 : part[i].prompt);
  return n;
}

void BatchLengths::include(const BatchLengths& other) {
  if (part_rows(other.part) > part_rows(part)) part = other.part;
  slot_rows = std::max(slot_rows, other.slot_rows);
}

BatchLengths batch_lengths(const PolicyBatch& batch, const std::vector<size_t>& pick, int64_t part_tokens) {
  BatchLengths all;
  for (const auto& slot : deal_outputs(batch, pick, part_tokens)) {
    int64_t rows = 0;
    for (const std::vector<size_t>& outputs : slot) {
      std::vector<OutputLength> part;
      for (size_t i = 0; i < outputs.size(); ++i) {
        const PolicyOutput& o = batch.outputs[outputs[i]];
        const bool shares = i > 0 && same_prompt(batch.outputs[outputs[i - 1]], o);
        const int64_t group = i == 0 ? 0 : part.back().group + (shares ? 0 : 1);
        part.push_back({o.prompt_length, o.answer_length(), group});
      }
      rows += part_rows(part);
      all.include({std::move(part), rows});
    }
  }
  return all;
}

size_t part_bytes(const CausalLm& model, const std::vector<OutputLength>& lengths, const GrpoConfig& c,
                  bool reference) {
  PolicyBatch batch;
  for (const OutputLength& l : lengths) {
    PolicyOutput o;
    o.ids.resize(static_cast<size_t>(l.prompt + l.answer));
    std::fill_n(o.ids.begin(), l.prompt, static_cast<token_t>(l.group % 2));  // neighbours of one group share a prompt
    o.prompt_length = l.prompt;
    batch.outputs.push_back(std::move(o));
  }
  const Part part = make_part(batch, all_of(batch), [](int64_t) { return 1.0; });
  Arena arena(true);
  Tape t(arena, nullptr, nullptr, !reference);
  if (reference)
    part_logp(t, model, part, batch.temperature);
  else
    part_objective(t, model, part, batch.temperature, c);
  return arena.peak() + t.workspace_bytes();
}

}  // namespace r1
