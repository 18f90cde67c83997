// A model directory as others can read it: config.json and model.safetensors with HuggingFace's names, tokenizer.json.
// Paper: none.
#pragma once
#include <memory>
#include <string>

#include "model/causal_lm.h"
#include "model/config.h"
#include "tokenizer/tokenizer.h"

namespace r1 {

struct ModelDir {
  ModelConfig config;
  std::unique_ptr<CausalLm> model;
  std::unique_ptr<Tokenizer> tokenizer;
};

/// Writes the three files, each atomically.
void save_model_dir(const std::string& dir, const ModelConfig& config, const CausalLm& model,
                    const Tokenizer& tokenizer);
/// Reads and checks them. Throws Error naming the file.
ModelDir load_model_dir(const std::string& dir);

}  // namespace r1
