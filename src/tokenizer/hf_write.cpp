// Writing tokenizer.json. Specials stand in the vocabulary under their names, because HuggingFace's library numbers
// added tokens that are not there by itself. Merges are written as "a b", which every version reads. Paper: [V3 §4.1].
#include <unordered_set>

#include "base/check.h"
#include "base/fields.h"
#include "tokenizer/byte_level.h"
#include "tokenizer/hf_json.h"

namespace r1 {
namespace {

Json byte_level(bool use_regex) {
  return {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", false}, {"use_regex", use_regex}};
}

Json pre_tokenizer_json(const PreTokenizer& pre) {
  Json steps = Json::array();
  bool gpt2 = false;
  for (const PreTokenizer::Step& step : pre.steps()) {
    if (gpt2) fail("tokenizer.json: a split after the GPT-2 step, expected that one last");
    switch (step.kind) {
      case PreTokenizer::Kind::kSplit:
        steps.push_back({{"type", "Split"},
                         {"pattern", {{"Regex", step.regex.pattern()}}},
                         {"behavior", "Isolated"},
                         {"invert", false}});
        break;
      case PreTokenizer::Kind::kDigits:
        steps.push_back({{"type", "Digits"}, {"individual_digits", step.individual_digits}});
        break;
      case PreTokenizer::Kind::kByteLevel:
        gpt2 = true;
    }
  }
  steps.push_back(byte_level(gpt2));
  return {{"type", "Sequence"}, {"pretokenizers", steps}};
}

Json added_tokens_json(const TokenizerData& data) {
  Json out = Json::array();
  for (const SpecialToken& s : data.specials)
    out.push_back({{"id", s.id},
                   {"content", s.name},
                   {"single_word", false},
                   {"lstrip", false},
                   {"rstrip", false},
                   {"normalized", false},
                   {"special", true}});
  return out;
}

/// The vocabulary in order of ids, by hand: an ordered JSON object would be built in quadratic time.
std::string vocab_text(const Tokenizer& t) {
  std::unordered_set<std::string> seen;
  std::string out = "{";
  for (token_t id = 0; id < t.vocab_size(); ++id) {
    const std::string& bytes = t.bytes(id);
    if (bytes.empty()) continue;
    const std::string name = t.is_special(id) ? bytes : to_byte_level(bytes);
    if (!seen.insert(name).second)
      fail("tokenizer.json: ", in_quotes(name), " is the form of two tokens, one of them is id ", id);
    out += out.size() > 1 ? ",\n    " : "\n    ";
    out += Json(name).dump();
    out += ": ";
    out += std::to_string(id);
  }
  return out + "\n   }";
}

std::string merges_text(const Tokenizer& t) {
  std::string out = "[";
  for (const Merge& m : t.data().merges) {
    out += out.size() > 1 ? ",\n    " : "\n    ";
    std::string pair = to_byte_level(t.bytes(m.left));
    pair += " ";
    pair += to_byte_level(t.bytes(m.right));
    out += Json(pair).dump();
  }
  return out + "\n   ]";
}

}  // namespace

std::string tokenizer_to_json(const Tokenizer& t) {
  const TokenizerData& data = t.data();
  const Json normalizer = data.assumes_nfc ? Json{{"type", "NFC"}} : Json();
  std::string out = "{\n \"version\": \"1.0\",\n \"truncation\": null,\n \"padding\": null,\n";
  const auto put = [&](const char* key, const Json& value) {
    out += " \"", out += key, out += "\": ", out += value.dump(), out += ",\n";
  };
  put("added_tokens", added_tokens_json(data));
  put("normalizer", normalizer);
  put("pre_tokenizer", pre_tokenizer_json(data.pre_tokenizer));
  put("post_processor", Json());
  put("decoder", byte_level(true));
  out += " \"model\": {\n   \"type\": \"BPE\",\n   \"dropout\": null,\n   \"unk_token\": null,\n";
  out += "   \"continuing_subword_prefix\": null,\n   \"end_of_word_suffix\": null,\n   \"fuse_unk\": false,\n";
  out += "   \"byte_fallback\": false,\n   \"ignore_merges\": false,\n   \"vocab\": ";
  out += vocab_text(t);
  out += ",\n   \"merges\": ";
  out += merges_text(t);
  return out + "\n }\n}\n";
}

}  // namespace r1
