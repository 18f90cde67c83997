// A corpus whose documents are drawn one by one from a recipe, each from a random stream of its own. A recipe has
// fields
// (`visit`) and says what is wrong with them (`check`, throws Error). Paper: none.
#pragma once
#include <string>

#include "base/rng.h"
#include "tasks/document.h"

namespace r1 {

template <class Recipe>
class DrawnCorpus final : public Corpus {
 public:
  using Write = Document (*)(const Recipe& recipe, Rng& rng);
  DrawnCorpus(std::string name, const Json& json, Write write) : name_(std::move(name)), write_(write) {
    fields::from_json(recipe_, json, name_ + " recipe");
    recipe_.check(name_ + " recipe");
  }
  std::string name() const override { return name_; }
  Json recipe() const override { return fields::to_json(recipe_); }
  Document document(uint64_t seed, uint64_t index, double) const override {
    Rng rng(seed, Stream::kData, static_cast<uint32_t>(index), static_cast<uint32_t>(index >> 32));
    return write_(recipe_, rng);
  }

 private:
  std::string name_;
  Recipe recipe_;
  Write write_;
};

template <class Recipe>
std::unique_ptr<Corpus> drawn_corpus(const char* name, const Json& json, Document (*write)(const Recipe&, Rng&)) {
  return std::make_unique<DrawnCorpus<Recipe>>(name, json, write);
}

}  // namespace r1
