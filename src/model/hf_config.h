// Other people's model configs <-> ModelConfig. The mapping lives here and not in formats/ because it needs ModelConfig
// (layer 5). Readers take a closed set of keys: a key that is neither mapped, nor demanded to have its neutral value,
// nor on the list of harmless ones is an error, because it might change the computation.
// Trap: DeepSeek's YaRN has one mscale where HuggingFace has two, which must be equal. Paper: [V3 §4.2], [V3 §4.3].
#pragma once
#include <string>

#include "model/config.h"

namespace r1 {

/// HuggingFace config.json of DeepseekV3ForCausalLM, DeepseekV2ForCausalLM, Qwen2ForCausalLM or LlamaForCausalLM.
/// Throws Error naming `where` and the key.
ModelConfig from_hf_config(const Json& j, const std::string& where);

/// The config.json that makes transformers build the same network. Throws Error for what it cannot express.
Json to_hf_config(const ModelConfig& c);

/// DeepSeek's inference/configs/*.json: their field names, with the defaults of their ModelArgs for absent fields.
/// Their code has no MTP, normalises gates for sigmoid only, and creates the router bias only for dim 7168.
ModelConfig from_deepseek_config(const Json& j, const std::string& where);

}  // namespace r1
