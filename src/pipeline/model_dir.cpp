// Model directories. Paper: none.
#include "pipeline/model_dir.h"

#include "base/io.h"
#include "model/dense.h"
#include "model/hf_weights.h"
#include "tokenizer/hf_json.h"

namespace r1 {

namespace {

std::vector<NamedTensor> tensors_of(const CausalLm& model) {
  std::vector<NamedTensor> buffers;
  for (const Buffer& b : model.buffers()) buffers.push_back({b.name, b.value});
  return named_tensors(model.params(), buffers);
}

}  // namespace

void save_model_dir(const std::string& dir, const ModelConfig& config, const CausalLm& model,
                    const Tokenizer& tokenizer) {
  make_directories(dir);
  write_file(dir + "/tokenizer.json", tokenizer_to_json(tokenizer));
  save_hf_model(dir, config, tensors_of(model));
}

ModelDir load_model_dir(const std::string& dir) {
  ModelDir m;
  m.config = load_model_config(dir + "/config.json");
  m.tokenizer = std::make_unique<Tokenizer>(load_tokenizer(dir + "/tokenizer.json"));
  if (m.tokenizer->vocab_size() > m.config.vocab_size)
    fail(dir, ": tokenizer.json has ", m.tokenizer->vocab_size(), " tokens, config.json's vocab_size is ",
         m.config.vocab_size);
  m.model = make_model(m.config);
  m.model->allocate();
  load_hf_weights(WeightDir(dir), m.config, tensors_of(*m.model));
  return m;
}

}  // namespace r1
