// The gate of math-1. Paper: none.
#include "pipeline/gate.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "autograd/ops/logp.h"
#include "tasks/math_1_probe.h"

namespace r1 {

namespace {

/// A worked answer as ids with the part that each token belongs to.
struct Probe {
  Example example;
  std::vector<ProbePart> parts;
  std::vector<int> part_of;  ///< per token, -1 = prompt
  int language = 0;
};

Probe make_probe(const World& world, const Problem& p, int language, Rng& rng) {
  Probe probe;
  probe.language = language;
  probe.parts = math_probe(p, language, 0.7, rng);
  std::string text;
  for (const ProbePart& part : probe.parts) text += part.text;
  std::vector<token_t> ids = world.prompt(p);
  ids.push_back(world.tokenizer().special(kThinkOpen));
  probe.part_of.assign(ids.size(), -1);
  size_t at = 0, part = 0, end = probe.parts[0].text.size();
  for (token_t id : world.tokenizer().encode(text)) {
    while (at >= end) end += probe.parts[++part].text.size();
    probe.part_of.push_back(static_cast<int>(part));
    at += world.tokenizer().bytes(id).size();
    ids.push_back(id);
  }
  probe.example.tokens = std::move(ids);
  probe.example.mask.assign(probe.example.tokens.size(), 1);
  return probe;
}

/// log-probability of each part of a probe.
std::vector<double> part_logp(Tape& t, const CausalLm& model, const Probe& probe) {
  PackedSlot slot;
  slot.append(probe.example, 0);
  std::vector<int32_t> rows;
  std::vector<token_t> targets;
  for (size_t i = 1; i < slot.ids.size(); ++i)
    rows.push_back(static_cast<int32_t>(i) - 1), targets.push_back(slot.ids[i]);
  const Var h = model.forward(t, {slot.ids, slot.positions, slot.cu_seqlens});
  const ops::TokenLogp lp = ops::token_logp(t, h, model.head(), rows, targets, 1);
  std::vector<double> sum(probe.parts.size(), 0.0);
  for (size_t i = 0; i < rows.size(); ++i)
    if (const int part = probe.part_of[i + 1]; part >= 0)
      sum[static_cast<size_t>(part)] += static_cast<double>(lp.logp->value.data()[i]);
  return sum;
}

struct Mean {
  double sum = 0, n = 0;
  void add(double x) { sum += x, n += 1; }
  double value() const { return n > 0 ? sum / n : 0; }
};

}  // namespace

double GateReport::worst_copy() const { return *std::min_element(copy, copy + 5); }

std::string GateReport::failed() const {
  std::string s;
  const auto hold = [&](const char* name, double x, double least, double most) {
    if (x >= least && x <= most) return;
    s += cat(s.empty() ? "" : "; ", name, " ", x, x < least ? " < " : " > ", x < least ? least : most);
  };
  hold("copy", worst_copy(), 0.83, 1), hold("carry", carry, 0.95, 1), hold("sum", sum, 0.9, 1);
  hold("careful en", careful_en, 0.85, 1), hold("careful zh", careful_zh, 0.85, 1);
  hold("quick product", quick, 0, 0.35);
  hold("checks en", checks_en, 0.02, 0.12), hold("checks zh", checks_zh, 0.02, 0.12);
  return s;
}

std::string GateReport::line() const {
  char text[320];
  std::snprintf(
      text, sizeof text,
      "copy %.2f %.2f %.2f %.2f %.2f  carry %.3f  sum %.3f  quick %.2f  careful %.2f %.2f (%.2f %.2f %.2f %.2f %.2f)  "
      "conclude %.2f  checks %.3f %.3f",
      copy[0], copy[1], copy[2], copy[3], copy[4], carry, sum, quick, careful_en, careful_zh, careful_part[0],
      careful_part[1], careful_part[2], careful_part[3], careful_part[4], conclude, checks_en, checks_zh);
  return text;
}

GateReport measure_gate(const CausalLm& model, const World& world, int problems, ThreadPool& pool) {
  std::vector<Probe> probes;
  for (int i = 0; i < problems; ++i) {
    Rng rng(1, Stream::kTest, static_cast<uint32_t>(i));
    const Problem p = world.task().problem(2000, Split::kDev, static_cast<uint32_t>(i));
    for (int language : {0, 1}) probes.push_back(make_probe(world, p, language, rng));
  }
  std::vector<std::vector<double>> logp(probes.size());
  std::vector<std::unique_ptr<Arena>> arenas;
  for (int w = 0; w < pool.size(); ++w) arenas.push_back(std::make_unique<Arena>());
  pool.run(static_cast<int64_t>(probes.size()), [&](int64_t i, int w) {
    arenas[static_cast<size_t>(w)]->reset();
    Tape t(*arenas[static_cast<size_t>(w)], nullptr, nullptr, false);
    logp[static_cast<size_t>(i)] = part_logp(t, model, probes[static_cast<size_t>(i)]);
  });
  Mean copy[5], carry, sum, quick, careful[2], careful_part[kCarefulParts], conclude, checks[2];
  double whole = 1;
  for (size_t i = 0; i < probes.size(); ++i)
    for (size_t k = 0; k < probes[i].parts.size(); ++k) {
      const ProbePart& part = probes[i].parts[k];
      const double p = std::exp(logp[i][k]);
      const int lang = probes[i].language;
      switch (part.skill) {
        case ProbeSkill::kCopy:
          copy[part.step - 1].add(p);
          break;
        case ProbeSkill::kCarry:
          carry.add(p);
          break;
        case ProbeSkill::kSum:
          sum.add(p);
          break;
        case ProbeSkill::kQuick:
          quick.add(p);
          break;
        case ProbeSkill::kCareful:
          careful_part[part.part].add(p);
          whole = part.part == 0 ? p : whole * p;
          if (part.part == kCarefulParts - 1) careful[lang].add(whole);
          break;
        case ProbeSkill::kConclude:
          conclude.add(p);
          break;
        case ProbeSkill::kChecks:
          checks[lang].add(p);
          break;
        case ProbeSkill::kNone:
          break;
      }
    }
  GateReport r;
  for (int s = 0; s < 5; ++s) r.copy[s] = copy[s].value();
  r.carry = carry.value(), r.sum = sum.value(), r.quick = quick.value(), r.careful_en = careful[0].value(),
  r.careful_zh = careful[1].value();
  for (int k = 0; k < kCarefulParts; ++k) r.careful_part[k] = careful_part[k].value();
  r.conclude = conclude.value(), r.checks_en = checks[0].value(), r.checks_zh = checks[1].value();
  return r;
}

}  // namespace r1
