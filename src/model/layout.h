// The tensors of a model in HuggingFace's names and shapes, from the config alone: nothing is allocated.
// Serves `r1 inspect` (exact counts), export and import of weights. The MTP modules are layers n_layers, n_layers + 1..
// as in DeepSeek's files; their embedding and head are copies of the main ones there, listed with `alias_of`.
// Paper: [V3 §2.1], [V3 §2.2], [V3 §4.2].
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "model/config.h"

namespace r1 {

enum class ParamGroup : uint8_t {
  kEmbedding,
  kHead,
  kAttention,
  kDenseMlp,
  kRoutedExperts,
  kSharedExperts,
  kRouter,
  kRouterBias,
  kNorm,
  kMtpProjection
};
constexpr size_t kParamGroups = 10;
std::string group_name(ParamGroup g);

struct HfTensor {
  std::string name;
  std::vector<int64_t> shape;
  ParamGroup group = ParamGroup::kNorm;
  bool mtp = false;      ///< belongs to a multi-token prediction module
  std::string alias_of;  ///< a copy of this tensor in the file, no parameter of its own
  int64_t numel() const {
    int64_t n = 1;
    for (int64_t d : shape) n *= d;
    return n;
  }
};

/// All tensors in file order: embedding, layers, final norm, head, MTP modules.
std::vector<HfTensor> hf_layout(const ModelConfig& c);

/// Exact numbers of parameters. The router bias is no gradient parameter: counted, but in none of the sums.
struct ParamCount {
  std::array<int64_t, kParamGroups> main{}, mtp{};
  int64_t total() const;            ///< main network
  int64_t total_mtp() const;        ///< MTP modules, their projection included, shared embedding and head excluded
  int64_t active() const;           ///< main network as one token uses it: its chosen experts only
  int64_t active_no_embed() const;  ///< the same without the embedding table, which is looked up, not multiplied
  int64_t unused_experts = 0;       ///< parameters of the experts that a token leaves aside
  int64_t of(ParamGroup g) const { return main[static_cast<size_t>(g)]; }
  int64_t of_mtp(ParamGroup g) const { return mtp[static_cast<size_t>(g)]; }
};
ParamCount count_params(const ModelConfig& c);

/// Numbers that the attention cache keeps for one token, all layers: the latent and the shared rotary key for MLA
/// [V3 §2.1.1], keys and values of the key/value heads for a dense network.
int64_t cache_numbers(const ModelConfig& c);
/// The same if every head kept its own key and value (no position part), as in plain multi-head attention.
int64_t mha_cache_numbers(const ModelConfig& c);

}  // namespace r1
