// The pre-training loop over a stream of documents: best-fit batches, loss, clip, AdamW, router bias.
// A document is a function of its number, so the data cursor is a number and a list of postponed documents.
// Paper: [V3 §4.2], [V3 §2.1.2], [V3 §2.2].
#pragma once
#include <functional>
#include <string>

#include "train/adamw.h"
#include "train/checkpoint.h"
#include "train/lm_loss.h"
#include "train/schedule.h"
#include "train/slots.h"

namespace r1 {

struct PretrainConfig {
  int64_t updates = 3000;
  int64_t batch_tokens = 3072;
  ScheduleConfig schedule{4e-3, 100, "cosine", 0.05};
  AdamWConfig adamw{0.9, 0.95, 1e-8, 0.05};
  double max_grad_norm = 1.0;
  LmLossConfig loss;
  double bias_gamma = 1e-3;
  template <class V>
  void visit(V& v) {
    v("updates", updates, "optimiser updates in all", 0, int64_t{1} << 40);
    v("batch_tokens", batch_tokens, "tokens per update, at most", 1, int64_t{1} << 30);
    v("schedule", schedule, "learning rate");
    v("adamw", adamw, "optimiser");
    v("max_grad_norm", max_grad_norm, "clip of the global gradient norm, 0 = off", 0.0, 1e9);
    v("loss", loss, "weights of the loss terms");
    v("bias_gamma", bias_gamma, "step of the router bias [V3 §2.1.2]", 0.0, 1.0);
  }
};

/// Figures of one update.
struct PretrainReport {
  int64_t update = 0, tokens = 0, documents = 0;
  double loss = 0, mtp_loss = 0, balance_loss = 0, grad_norm = 0, lr = 0;
  double load_max = 0;  ///< busiest expert over the mean, worst MoE layer [V3 §2.1.2]
};

/// Bytes that updates will take: weights, gradient slots, moments, and the activations of one slot as large as
/// batch_tokens / kGradSlots. `model` may be shapes only, and on no device yet.
struct PretrainPlan {
  size_t weights = 0, gradients = 0, moments = 0, activations = 0;
  size_t total() const { return weights + gradients + moments + activations; }
  std::string text() const;  ///< "weights 1.2 MiB, ..."
};
PretrainPlan plan_pretraining(const CausalLm& model, const PretrainConfig& config, Device device);

/// Document number i of the stream. `progress` in [0, 1) is the share of updates done: curricula depend on it.
using DocumentSource = std::function<Example(uint64_t i, double progress)>;

class Pretrainer {
 public:
  Pretrainer(CausalLm& model, const PretrainConfig& config, DocumentSource source, ThreadPool& pool);
  PretrainReport step();
  int64_t updates() const { return adamw_.updates(); }
  bool done() const { return updates() >= c_.updates; }
  SlotRunner& runner() { return runner_; }

  CheckpointState state();
  void restore(const Json& sections);

 private:
  std::vector<PackedSlot> next_batch();
  /// Counts updates that are left out; throws at the third in a row, with where the first NaN or infinity came from.
  void skip(const std::vector<LmLossStats>& parts, const PretrainReport& r, Gradients& g);
  void balance(const std::vector<LmLossStats>& parts, PretrainReport& r);

  CausalLm& model_;
  PretrainConfig c_;
  DocumentSource source_;
  ThreadPool& pool_;
  SlotRunner runner_;
  AdamW adamw_;
  uint64_t next_document_ = 0;
  std::vector<std::pair<uint64_t, double>> postponed_;  ///< document and the progress at which it was drawn
  int64_t skipped_in_a_row_ = 0;
};

}  // namespace r1
