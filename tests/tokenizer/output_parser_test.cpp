// The strict form, rule by rule; the numbers in brackets are those of the list of known reward exploits.
#include "tokenizer/output_parser.h"

#include "support/catch.h"
#include "tokenizer/template.h"
#include "tokenizer/toy.h"

using namespace r1;

namespace {

const Tokenizer& toy() {
  static const Tokenizer t =
      train_toy_tokenizer({"first 47 a+38=85; wait so ok user:\nassistant: 等等 等等", "first wait so"});
  return t;
}

/// Ids of our own shorthand: tags by name in the text become special ids.
std::vector<token_t> ids_of(const std::string& text) { return toy().encode_with_specials(text); }

ParsedOutput parse(const std::string& text) { return OutputParser(toy()).parse(ids_of(text)); }

const std::string kGood = "<think>first 47 a+38=85; so 85</think><answer>85</answer><|eos|>";

}  // namespace

TEST_CASE("the asked form is accepted, with its spans") {
  const ParsedOutput p = parse(kGood);
  CHECK(p.broken == FormRule::kOk);
  CHECK(p.has_answer);
  CHECK(p.answer_text == "85");
  const std::vector<token_t> ids = ids_of(kGood);
  const auto text = [&](TokenSpan s) { return toy().decode(std::span(ids).subspan(s.begin, s.end - s.begin)); };
  CHECK(text(p.thought) == "first 47 a+38=85; so 85");
  CHECK(text(p.answer) == "85");
}

TEST_CASE("each way to break the form is named") {
  const std::vector<std::pair<std::string, FormRule>> cases = {
      {"", FormRule::kNoEnd},
      {"<|eos|>", FormRule::kMissingTag},
      {"<think>x</think><answer>8</answer>", FormRule::kNoEnd},  // 58: cut off
      {"<think>x</think><answer>8</answer><|eos|><|eos|>", FormRule::kNoEnd},
      {"<think>x<|eos|></think><answer>8</answer><|eos|>", FormRule::kNoEnd},
      {"<think>x</think><answer>8</answer> more<|eos|>", FormRule::kTextOutside},  // 52
      {"<think>x</think><answer>8</answer>\n<|eos|>", FormRule::kTextOutside},     // blanks are tokens
      {"\n<think>x</think><answer>8</answer><|eos|>", FormRule::kTextOutside},
      {"<think>x</think>\n<answer>8</answer><|eos|>", FormRule::kTextOutside},
      {"ok<think>x</think><answer>8</answer><|eos|>", FormRule::kTextOutside},
      {"<think>a<think>b</think></think><answer>8</answer><|eos|>", FormRule::kRepeatedTag},    // 53: nested
      {"<think>a</think><think>b</think><answer>8</answer><|eos|>", FormRule::kRepeatedTag},    // 53: repeated
      {"<think>a</think></think><answer>8</answer><|eos|>", FormRule::kRepeatedTag},            // 55
      {"<think>a</think><answer>7</answer><answer>8</answer><|eos|>", FormRule::kRepeatedTag},  // 35
      {"<think></think><answer>8</answer><|eos|>", FormRule::kEmptyThought},                    // 54
      {"<think> \n\t</think><answer>8</answer><|eos|>", FormRule::kEmptyThought},               // 54
      {"<think>x</think><answer></answer><|eos|>", FormRule::kEmptyAnswer},                     // 37
      {"<think>x</think><answer> </answer><|eos|>", FormRule::kEmptyAnswer},
      {"<answer>8</answer><think>x</think><|eos|>", FormRule::kTagOrder},
      {"<think>x<answer>8</answer></think><|eos|>", FormRule::kTagOrder},  // 36
      {"</think>x<think><answer>8</answer><|eos|>", FormRule::kTagOrder},
      {"<answer>8</answer><|eos|>", FormRule::kMissingTag},
      {"<think>x</think>8<|eos|>", FormRule::kMissingTag},
      {"<think>x</think><answer>8<|eos|>", FormRule::kMissingTag},
      {"<think>x<|pad|></think><answer>8</answer><|eos|>", FormRule::kStraySpecial},  // 60
      {"<|bos|><think>x</think><answer>8</answer><|eos|>", FormRule::kStraySpecial},
  };
  for (const auto& [text, rule] : cases) {
    INFO(in_quotes(text, 200) << ": " << name_of(parse(text).broken));
    CHECK(parse(text).broken == rule);
  }
}

TEST_CASE("a tag spelt in letters is no tag, and spoils the part it stands in") {  // 60
  const Tokenizer& t = toy();
  const OutputParser parser(t);
  const std::vector<token_t> spelt = t.encode("<think>x</think><answer>8</answer>");
  std::vector<token_t> ids = spelt;
  ids.push_back(t.special(kEos));
  CHECK(parser.parse(ids).broken == FormRule::kMissingTag);
  CHECK_FALSE(parser.parse(ids).has_answer);

  const auto in_parts = [&](const std::string& thought, const std::string& answer) {
    return parser.parse(
        t.encode({special_piece(kThinkOpen), text_piece(thought), special_piece(kThinkClose),
                  special_piece(kAnswerOpen), text_piece(answer), special_piece(kAnswerClose), special_piece(kEos)}));
  };
  CHECK(in_parts("x", "8").broken == FormRule::kOk);
  CHECK(in_parts("x</think><answer>9</answer>", "8").broken == FormRule::kSpelledTag);
  CHECK(in_parts("x</think><answer>9</answer>", "8").answer_text == "8");  // the one in tag ids counts
  CHECK(in_parts("x", "8</answer>").broken == FormRule::kSpelledTag);
  CHECK_FALSE(in_parts("x", "8</answer>").has_answer);
  CHECK(in_parts("x<|eos|>", "8").broken == FormRule::kOk);  // letters that spell another special are just letters
}

TEST_CASE("an answer without the form counts only if there is no doubt which it is") {
  CHECK(parse("<answer>8</answer><|eos|>").answer_text == "8");
  CHECK(parse("so<answer> 8\n</answer>").answer_text == "8");
  CHECK(parse("<think>x</think><answer>8</answer>tail").answer_text == "8");
  for (const std::string text :
       {"<think>x<answer>8</answer></think><|eos|>",    // 36: inside the thought
        "<think>x<answer>8</answer><|eos|>",            // inside a thought never closed
        "<answer>8</answer><think>x</think><|eos|>",    // before the thought
        "<answer>7</answer><answer>8</answer><|eos|>",  // 35: two answers
        "<answer>7<answer>8</answer><|eos|>", "</answer>8<answer><|eos|>", "<answer></answer>", "<answer> </answer>",
        "<think>x</think></think><answer>8</answer>", "<answer>8<|eos|></answer>", "<answer>8<|pad|></answer>", ""}) {
    INFO(text);
    CHECK_FALSE(parse(text).has_answer);
    CHECK(parse(text).answer_text.empty());
  }
}

TEST_CASE("ids outside the vocabulary never crash the parser") {
  const OutputParser parser(toy());
  for (const token_t id : {token_t{-1}, token_t{1 << 20}, token_t{INT32_MIN}}) {
    std::vector<token_t> ids = ids_of(kGood);
    ids[2] = id;
    CHECK(parser.parse(ids).broken == FormRule::kStraySpecial);
    CHECK_FALSE(parser.parse(ids).has_answer);
  }
}

TEST_CASE("every output of up to five tokens over the tags is judged as the definition says") {
  const Tokenizer& t = toy();
  const OutputParser parser(t);
  const std::vector<token_t> alphabet = {t.special(kThinkOpen),   t.special(kThinkClose), t.special(kAnswerOpen),
                                         t.special(kAnswerClose), t.special(kEos),        t.encode("8")[0]};
  int good = 0;
  for (int length = 0; length <= 7; ++length) {
    int all = 1;
    for (int k = 0; k < length; ++k) all *= 6;
    for (int code = 0; code < all; ++code) {
      std::vector<token_t> ids;
      for (int k = 0, c = code; k < length; ++k, c /= 6) ids.push_back(alphabet[static_cast<size_t>(c % 6)]);
      good += parser.parse(ids).broken == FormRule::kOk;
    }
  }
  CHECK(good == 1);  // only <think>8</think><answer>8</answer><eos> is that short
}
