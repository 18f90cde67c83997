// Lesson 2: train a language model from nothing, and know when there is nothing left to learn.
// You should see (about 3 s on 2 cores, 20 MB):
//
//   57152 parameters, ln V = ln 325 = 5.784, floor 0.643 nats a token
//   update    loss   of 90   of 10 unseen   it writes
//        1   5.805       0              0   '\xeb\xc6n5</answer>\xa4nine \x9a'
//       50   1.068       7              0   'four plus six is six.<|eos|>'
//      100   0.968      17              0   'four plus six is .<|eos|>'
//      200   0.775      70              7   'four plus six is nine.<|eos|>'
//      300   0.660      88             10   'four plus six is ten.<|eos|>'
//      400   0.650      88             10   'four plus six is ten.<|eos|>'
//
// The text says "seven plus eight is fifteen." with numbers from zero to nine. All that is random in a sentence is
// which of 90 sums it is: ln 90 = 4.50 nats. Over its 7 predicted tokens that is the floor, the least mean loss that
// any model can have; one that knows nothing has ln V. Ten sums never occur in the text: are sums learnt, or only
// remembered? The net is DeepSeek-V3's at toy size: latent attention, a dense layer, a mixture of experts. Then read
// src/train/pretrainer.cpp (one update), src/model/deepseek_v3.cpp (one forward), paper_notes/training.md.
#include <array>
#include <cmath>
#include <cstdio>

#include "engine/engine.h"
#include "model/config.h"
#include "model/deepseek_v3.h"
#include "tokenizer/template.h"
#include "tokenizer/toy.h"
#include "train/pretrainer.h"

using namespace r1;

namespace {

const char* const kNumbers[] = {"zero",     "one",     "two",     "three",     "four",     "five",    "six",
                                "seven",    "eight",   "nine",    "ten",       "eleven",   "twelve",  "thirteen",
                                "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"};

std::string question(int a, int b) { return cat(kNumbers[a], " plus ", kNumbers[b], " is "); }
std::string answer(int a, int b) { return cat(kNumbers[a + b], "."); }
bool held_out(int a, int b) { return (a + 3 * b) % 10 == 7; }  // ten of the hundred

/// Right answers to the sums of the text, and to the others.
std::array<int, 2> ask(const Engine& engine, const Tokenizer& tokenizer) {
  Prompts prompts;
  for (int i = 0; i < 100; ++i)
    prompts.push_back(tokenizer.encode({special_piece(kBos), text_piece(question(i / 10, i % 10))}));
  std::array<int, 2> right{};
  for (const Completion& c : engine.generate(prompts, {.temperature = 0, .max_new_tokens = 2})) {
    const int a = static_cast<int>(c.prompt) / 10, b = static_cast<int>(c.prompt) % 10;
    right[held_out(a, b)] += tokenizer.decode(c.ids) == answer(a, b);
  }
  return right;
}

}  // namespace

int main() try {
  std::vector<std::string> texts;
  for (int i = 0; i < 100; ++i) texts.push_back(question(i / 10, i % 10) + answer(i / 10, i % 10));
  const Tokenizer tokenizer = train_toy_tokenizer(texts);
  const auto document = [&](uint64_t i, double) {
    Rng rng(1, Stream::kData, static_cast<uint32_t>(i));
    int a, b;
    do a = rng.range(0, 9), b = rng.range(0, 9);
    while (held_out(a, b));
    Example e{
        tokenizer.encode({special_piece(kBos), text_piece(question(a, b) + answer(a, b)), special_piece(kEos)}), {}, i};
    e.mask.assign(e.tokens.size(), 1);
    return e;
  };
  const double floor = std::log(90) / static_cast<double>(document(0, 0).tokens.size() - 1);

  ModelConfig shape = find_model_config("nano");
  shape.vocab_size = tokenizer.vocab_size(), shape.n_mtp = 0, shape.init_std = 0.05;
  DeepseekV3 model(shape);
  model.allocate();
  model.init(1);
  ThreadPool pool(2);
  PretrainConfig config;
  config.updates = 400, config.batch_tokens = 1024, config.schedule = {1e-2, 20, "cosine", 0.05};
  Pretrainer trainer(model, config, document, pool);
  const Engine engine(model, {}, pool);
  std::printf("%d parameters, ln V = ln %d = %.3f, floor %.3f nats a token\n", static_cast<int>(model.params().numel()),
              static_cast<int>(shape.vocab_size), std::log(shape.vocab_size), floor);
  std::printf("update    loss   of 90   of 10 unseen   it writes\n");
  while (!trainer.done()) {
    const PretrainReport r = trainer.step();
    if (r.update != 1 && r.update != 50 && r.update % 100 != 0) continue;
    const auto [seen, unseen] = ask(engine, tokenizer);
    const Completion own =
        engine.generate({{tokenizer.special(kBos)}}, {.max_new_tokens = 8, .eos = tokenizer.special(kEos)})[0];
    std::printf("%6d %7.3f %7d %14d   %s\n", static_cast<int>(r.update), r.loss, seen, unseen,
                in_quotes(tokenizer.decode(own.ids)).c_str());
    R1_CHECK(!trainer.done() || (r.loss < floor + 0.05 && seen >= 88), "loss ", r.loss, ", ", seen,
             " sums: not learnt");
  }
} catch (const std::exception& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
