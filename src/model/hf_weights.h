// Weights between the model in memory and HuggingFace's tensors. In memory some are fused: gate and up as w13 [2I, C],
// experts stacked as w13 [E, 2I, C] and w2 [E, C, I], kv_b_proj split per head into w_uk [H, nope, r], w_uv [H, v, r].
// Every fused tensor is a list of contiguous slices of HuggingFace's, so both directions are copies, exact in `real`.
// Trap: each tensor of the layout must be covered exactly once; a missing, extra or differently shaped one is an error.
// Paper: [V3 §2.1.1] (W_UK, W_UV), [V3 §2.1.2].
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "autograd/tape.h"
#include "formats/weight_dir.h"
#include "model/layout.h"

namespace r1 {

/// A tensor that is saved with the model and not trained by gradient: the router bias of each layer.
struct NamedTensor {
  std::string name;  ///< "model.layers.3.mlp.gate.e_score_correction_bias"
  Tensor value;
};

/// `count` elements from element `at` of a tensor in memory are those from `hf_at` of the tensor `hf_name`.
struct HfSlice {
  std::string hf_name;
  int64_t hf_at = 0;
  int64_t at = 0;
  int64_t count = 0;
};
/// The slices of one tensor in memory, by its name and shape. Throws Error when the shape contradicts the config.
std::vector<HfSlice> hf_slices(const ModelConfig& c, const std::string& name, const Shape& shape);

/// Tensors in memory that make up a model: views, in any order.
std::vector<NamedTensor> named_tensors(const ParamList& params, const std::vector<NamedTensor>& buffers = {});

/// Writes DIR/model.safetensors (HuggingFace's names, F32 unless told) and DIR/config.json, each atomically.
void save_hf_model(const std::string& dir, const ModelConfig& c, const std::vector<NamedTensor>& tensors,
                   FileDtype dtype = kRealDtype);
/// The weight file alone.
void save_hf_weights(const std::string& path, const ModelConfig& c, const std::vector<NamedTensor>& tensors,
                     FileDtype dtype = kRealDtype);

/// Fills the tensors from a directory or file. Ignored: rotary tables, and the layers beyond n_layers + n_mtp (a model
/// loaded without its MTP modules). Copies of shared tensors must be equal to them, byte for byte.
void load_hf_weights(const WeightDir& from, const ModelConfig& c, const std::vector<NamedTensor>& into);

}  // namespace r1
