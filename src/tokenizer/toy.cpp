// Paper: [V3 §4.1], with the deviation that toy.h names.
#include "tokenizer/toy.h"

#include "base/check.h"
#include "tokenizer/bpe_trainer.h"
#include "tokenizer/template.h"

namespace r1 {

const std::vector<std::string>& toy_specials() {
  static const std::vector<std::string> names = {kPad, kBos, kEos, kThinkOpen, kThinkClose, kAnswerOpen, kAnswerClose};
  return names;
}

PreTokenizer toy_pre_tokenizer() {
  PreTokenizer pre;
  pre.add_split(R"( ?\p{Latin}+ ?|\p{Han}+|[^\p{Latin}\p{Han}])");
  return pre;
}

Tokenizer train_toy_tokenizer(const std::vector<std::string>& texts, int64_t min_count) {
  BpeTrainer trainer(toy_pre_tokenizer());
  for (const std::string& t : texts) trainer.add(t);
  TokenizerData data = trainer.train(kToyMaxVocab + 1, toy_specials(), min_count);
  if (static_cast<int64_t>(data.tokens.size()) > kToyMaxVocab)
    fail("toy tokenizer: the words of the world need more than ", kToyMaxVocab, " entries");
  return Tokenizer(std::move(data));
}

}  // namespace r1
