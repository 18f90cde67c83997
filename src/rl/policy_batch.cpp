// From groups to minibatches of outputs. Paper: [R1 §2.1] (a rollout shuffled into minibatches, one inner epoch).
#include "rl/policy_batch.h"

#include <algorithm>
#include <numeric>

namespace r1 {

PolicyBatch make_policy_batch(const std::vector<Group>& groups, double temperature) {
  PolicyBatch batch;
  batch.temperature = temperature;
  for (const Group& g : groups)
    for (size_t i = 0; i < g.completions.size(); ++i) {
      if (g.completions[i].ids.empty()) continue;
      PolicyOutput o;
      o.ids = g.prompt;
      o.ids.insert(o.ids.end(), g.completions[i].ids.begin(), g.completions[i].ids.end());
      o.prompt_length = static_cast<int64_t>(g.prompt.size());
      o.logp_old.assign(g.completions[i].logp.begin(), g.completions[i].logp.end());
      batch.outputs.push_back(std::move(o));
    }
  return batch;
}

PolicyBatch scored(PolicyBatch batch, const std::vector<Group>& groups) {
  size_t next = 0, kept = 0;
  for (const Group& g : groups)
    for (size_t i = 0; i < g.completions.size(); ++i) {
      if (g.completions[i].ids.empty()) continue;
      PolicyOutput& o = batch.outputs[next++];
      if (g.scores[i].unknown) continue;
      o.advantage = g.advantage[i];
      if (&batch.outputs[kept] != &o) batch.outputs[kept] = std::move(o);
      ++kept;
    }
  batch.outputs.resize(kept);
  return batch;
}

std::vector<std::vector<size_t>> deal_minibatches(const std::vector<Group>& groups, const std::string& minibatch_of,
                                                  int64_t minibatches, uint64_t seed, uint32_t rollout) {
  std::vector<std::vector<size_t>> pieces;  // what stays together
  size_t next = 0;
  for (const Group& g : groups) {
    std::vector<size_t> own;
    for (size_t i = 0; i < g.completions.size(); ++i)
      if (!g.scores[i].unknown && !g.completions[i].ids.empty()) own.push_back(next++);
    if (minibatch_of == "groups") {
      pieces.push_back(own);
    } else {
      for (size_t o : own) pieces.push_back({o});
    }
  }
  Rng rng(seed, Stream::kShuffle, rollout);
  shuffle(pieces, rng);
  std::vector<std::vector<size_t>> out(static_cast<size_t>(minibatches));
  for (size_t i = 0; i < pieces.size(); ++i) {
    auto& m = out[i * static_cast<size_t>(minibatches) / pieces.size()];
    m.insert(m.end(), pieces[i].begin(), pieces[i].end());
  }
  for (auto& m : out) std::sort(m.begin(), m.end());
  return out;
}

}  // namespace r1
