// Golden fixtures: what transformers computes from a tiny model (make_golden.py), read for comparison with ours.
// Use, once a model and its ParamList exist:
//   Golden g("v3_qlora");
//   g.fill(named_tensors(model.params(), buffers));            // weights from HuggingFace's names
//   check_close("logits", g.logits(), ours);                   // max |difference| <= 1e-5 max |expected|
//   g.check_tensors("grad.", named gradients), g.check_tensors("after.", named parameters after one AdamW step)
#pragma once
#include <span>
#include <string>
#include <vector>

#include "base/json_file.h"
#include "model/hf_weights.h"
#include "support/catch.h"

namespace r1_test {

constexpr double kGoldenTolerance = 1e-5;

/// max |got - want| and max |want|; NaN anywhere makes the difference infinite.
struct Difference {
  double worst = 0, scale = 0;
  size_t at = 0;
  double relative() const { return scale > 0 ? worst / scale : worst; }
};
Difference difference(std::span<const double> want, std::span<const r1::real> got);
/// A Catch2 check with the tensor's name and the worst element in its message.
void check_close(const std::string& name, std::span<const double> want, std::span<const r1::real> got,
                 double tolerance = kGoldenTolerance);

class Golden {
 public:
  /// A folder of tests/golden/fixtures.
  explicit Golden(const std::string& name);

  const r1::ModelConfig& config() const { return config_; }
  const r1::WeightDir& weights() const { return weights_; }
  const r1::Safetensors& expected() const { return expected_; }
  /// Two documents of equal length, concatenated: [docs() * length()].
  const std::vector<r1::token_t>& ids() const { return ids_; }
  int64_t docs() const { return docs_; }
  int64_t length() const { return length_; }
  std::vector<int32_t> positions() const;   ///< 0 .. length - 1 for each document
  std::vector<int32_t> cu_seqlens() const;  ///< 0, length, 2 length
  std::vector<double> logits() const;       ///< [docs * length, V]
  /// Mean cross entropy of the docs * (length - 1) next tokens.
  double loss() const;
  /// lr, beta1, beta2, eps, weight_decay of the AdamW step ("after."); matrices decay, vectors do not.
  r1::Json adamw() const;

  /// Loads the weights into these tensors; all of the layout must be there.
  void fill(const std::vector<r1::NamedTensor>& tensors) const { r1::load_hf_weights(weights_, config_, tensors); }
  /// The expected numbers of one tensor in memory, fused as it is, from the tensors `prefix` + HuggingFace's name.
  std::vector<double> fused(const std::string& prefix, const std::string& name, const r1::Shape& shape) const;
  /// Compares every tensor. The router bias has neither gradient nor step: leave it out.
  void check_tensors(const std::string& prefix, const std::vector<r1::NamedTensor>& tensors,
                     double tolerance = kGoldenTolerance) const;

 private:
  r1::ModelConfig config_;
  r1::WeightDir weights_;
  r1::Safetensors expected_;
  std::vector<r1::token_t> ids_;
  int64_t docs_ = 0, length_ = 0;
};

/// The tensors of a model in memory by name and shape, as the model classes will make them: for tests without one.
std::vector<r1::NamedTensor> memory_tensors(const r1::ModelConfig& c);

}  // namespace r1_test
