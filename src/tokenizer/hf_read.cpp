// Reading tokenizer.json. Every object has a closed list of keys. Paper: [V3 §4.1].
#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <unordered_map>
#include <unordered_set>

#include "base/check.h"
#include "tokenizer/byte_level.h"
#include "tokenizer/hf_json.h"

namespace r1 {
namespace {

using AnyJson = nlohmann::json;  // sorted objects: look-ups in a vocabulary must not be linear

constexpr int kMaxDepth = 64;
constexpr size_t kMaxEntries = size_t{1} << 22;
constexpr size_t kMaxHoles = 1 << 14;  // unused ids that a file may leave: bounds memory by what it really holds
constexpr size_t kMaxFile = size_t{256} << 20;

/// Parses with a depth limit and without repeated keys, which the library would pass over in silence.
AnyJson parse_strict(std::string_view text, const std::string& where) {
  std::vector<std::unordered_set<std::string>> keys;
  const auto watch = [&](int depth, AnyJson::parse_event_t event, AnyJson& parsed) {
    if (depth > kMaxDepth) fail(where, ": nested deeper than ", kMaxDepth);
    if (event == AnyJson::parse_event_t::object_start) keys.emplace_back();
    if (event == AnyJson::parse_event_t::object_end) keys.pop_back();
    if (event == AnyJson::parse_event_t::key && !keys.back().insert(parsed.get<std::string>()).second)
      fail(where, ": key ", in_quotes(parsed.get<std::string>()), " is there twice");
    return true;
  };
  try {
    return AnyJson::parse(text, watch);
  } catch (const AnyJson::parse_error& e) {
    fail(where, ": not JSON, at byte ", e.byte);
  } catch (const AnyJson::exception&) {
    fail(where, ": a number does not fit");
  }
}

/// One object of the file: typed access to its keys, and an error for keys that nobody asked for.
class Part {
 public:
  Part(const AnyJson& j, std::string where) : j_(j), where_(std::move(where)) {
    if (!j.is_object()) fail(where_, ": expected an object");
  }
  /// Null if the key is absent.
  const AnyJson& at(const char* key) {
    static const AnyJson null;
    asked_.insert(key);
    const auto it = j_.find(key);
    return it == j_.end() ? null : *it;
  }
  std::string text(const char* key) {
    const AnyJson& v = at(key);
    if (!v.is_string()) fail(where_, ": '", key, "', expected a string");
    return v.get<std::string>();
  }
  bool flag(const char* key, bool otherwise) {
    const AnyJson& v = at(key);
    if (v.is_null()) return otherwise;
    if (!v.is_boolean()) fail(where_, ": '", key, "', expected true or false");
    return v.get<bool>();
  }
  void want(const char* key, bool wanted) {
    if (flag(key, wanted) != wanted)
      fail(where_, ": '", key, "' is ", wanted ? "false" : "true", ", which is not supported");
  }
  void want_null(const char* key) {
    const AnyJson& v = at(key);
    if (!v.is_null() && !(v.is_string() && v.get<std::string>().empty()))
      fail(where_, ": '", key, "' is set, which is not supported");
  }
  void done() const {
    for (const auto& [key, value] : j_.items())
      if (!asked_.count(key)) fail(where_, ": unknown key ", in_quotes(key));
  }
  const std::string& where() const { return where_; }

 private:
  const AnyJson& j_;
  std::string where_;
  std::set<std::string> asked_;
};

/// Calls fn(element, its place) for a Sequence or for the one part that stands in its stead.
template <class F>
void each_of_sequence(const AnyJson& j, const char* list, const std::string& where, const F& fn) {
  if (j.is_null()) return;
  Part part(j, where);
  if (part.text("type") != "Sequence") return fn(j, where);
  const AnyJson& elements = part.at(list);
  if (!elements.is_array()) fail(where, ": '", list, "', expected a list");
  for (size_t i = 0; i < elements.size(); ++i) fn(elements[i], cat(where, " ", list, "[", i, "]"));
  part.done();
}

std::string escaped_for_regex(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (std::string_view("\\^$.|?*+()[]{}#- \t\n\r").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

void read_split(Part& part, PreTokenizer& out) {
  Part pattern(part.at("pattern"), part.where() + " pattern");
  const AnyJson &regex = pattern.at("Regex"), &literal = pattern.at("String");
  pattern.done();
  if (!(regex.is_string() ^ literal.is_string())) fail(pattern.where(), ": expected one of 'Regex' and 'String'");
  if (const std::string behavior = part.text("behavior"); behavior != "Isolated")
    fail(part.where(), ": behavior ", in_quotes(behavior), " is not supported, expected 'Isolated'");
  part.want("invert", false);
  try {
    out.add_split(regex.is_string() ? regex.get<std::string>() : escaped_for_regex(literal.get<std::string>()));
  } catch (const Error& e) {
    fail(part.where(), ": ", e.what());
  }
}

PreTokenizer read_pre_tokenizer(const AnyJson& j, const std::string& where) {
  PreTokenizer out;
  bool bytes = false;
  each_of_sequence(j, "pretokenizers", where, [&](const AnyJson& element, const std::string& place) {
    Part part(element, place);
    const std::string type = part.text("type");
    if (bytes) fail(place, ": ", in_quotes(type), " after ByteLevel, expected ByteLevel last");
    if (type == "Split") {
      read_split(part, out);
    } else if (type == "Digits") {
      out.add_digits(part.flag("individual_digits", false));
    } else if (type == "ByteLevel") {
      bytes = true;
      part.want("add_prefix_space", false);
      part.flag("trim_offsets", true);
      if (part.flag("use_regex", true)) out.add_gpt2();
    } else {
      fail(place, ": pre-tokenizer ", in_quotes(type), " is not supported, expected Split, Digits or ByteLevel");
    }
    part.done();
  });
  if (!bytes) fail(where, ": no ByteLevel step, expected a byte-level tokenizer");
  return out;
}

bool read_normalizer(const AnyJson& j, const std::string& where) {
  bool nfc = false;
  each_of_sequence(j, "normalizers", where, [&](const AnyJson& element, const std::string& place) {
    Part part(element, place);
    const std::string type = part.text("type");
    if (type != "NFC") fail(place, ": normalizer ", in_quotes(type), " is not supported, expected NFC or none");
    nfc = true;
    part.done();
  });
  return nfc;
}

/// Post-processor and decoder: byte level or nothing.
void want_byte_level(const AnyJson& j, const std::string& where) {
  if (j.is_null()) return;
  Part part(j, where);
  if (const std::string type = part.text("type"); type != "ByteLevel")
    fail(where, ": ", in_quotes(type), " is not supported, expected ByteLevel or none");
  for (const char* const key : {"add_prefix_space", "trim_offsets", "use_regex"}) part.flag(key, true);
  part.done();
}

token_t read_id(const AnyJson& j, size_t entries, const std::string& where) {
  const size_t limit = entries + kMaxHoles;
  if (!j.is_number_unsigned() || j.get<uint64_t>() >= limit)
    fail(where, ": id ", j.dump(), ", expected a whole number from 0 to ", limit - 1, " (", entries, " entries)");
  return static_cast<token_t>(j.get<uint64_t>());
}

std::vector<SpecialToken> read_added_tokens(const AnyJson& j, size_t entries, const std::string& where) {
  std::vector<SpecialToken> out;
  for (size_t i = 0; i < j.size(); ++i) {
    Part part(j[i], cat(where, "[", i, "]"));
    out.push_back({part.text("content"), read_id(part.at("id"), entries, part.where())});
    for (const char* const key : {"single_word", "lstrip", "rstrip"}) part.want(key, false);
    part.flag("normalized", false), part.flag("special", true);
    part.done();
  }
  return out;
}

using Ids = std::unordered_map<std::string_view, token_t>;  // printable form -> id; views into the parsed file

Ids read_vocab(const AnyJson& vocab, size_t entries, TokenizerData& data, const std::string& where) {
  std::unordered_map<std::string_view, token_t> special;
  for (const SpecialToken& s : data.specials) special.emplace(s.name, s.id);
  Ids ids;
  ids.reserve(vocab.size());
  std::vector<bool> taken(data.tokens.size());
  for (auto it = vocab.begin(); it != vocab.end(); ++it) {
    const std::string& token = it.key();
    const token_t id = read_id(it.value(), entries, cat(where, " ", in_quotes(token)));
    const auto n = static_cast<size_t>(id);
    if (n < taken.size() && taken[n]) fail(where, " ", in_quotes(token), ": id ", id, " is there twice");
    if (n >= data.tokens.size()) data.tokens.resize(n + 1);
    if (n >= taken.size()) taken.resize(n + 1);
    taken[n] = true;
    if (const auto s = special.find(token); s != special.end()) {
      if (s->second != id) fail(where, " ", in_quotes(token), ": id ", id, ", but added_tokens says ", s->second);
      continue;
    }
    const auto bytes = from_byte_level(token);
    if (!bytes || bytes->empty()) fail(where, ": token ", in_quotes(token), " is not in byte-level form");
    data.tokens[n] = *bytes;
    ids.emplace(token, id);
  }
  for (const SpecialToken& s : data.specials) {
    const auto n = static_cast<size_t>(s.id);
    if (n >= data.tokens.size()) data.tokens.resize(n + 1);
    if (!data.tokens[n].empty())
      fail(where, ": id ", s.id, " is both ", in_quotes(data.tokens[n]), " and the added token ", in_quotes(s.name));
  }
  return ids;
}

/// "a b" or ["a", "b"].
std::pair<std::string, std::string> read_pair(const AnyJson& j, const std::string& where) {
  if (j.is_array() && j.size() == 2 && j[0].is_string() && j[1].is_string())
    return {j[0].get<std::string>(), j[1].get<std::string>()};
  if (!j.is_string()) fail(where, ": expected two tokens");
  const auto text = j.get<std::string>();
  const size_t blank = text.find(' ');
  if (blank == std::string::npos || text.find(' ', blank + 1) != std::string::npos)
    fail(where, ": ", in_quotes(text), ", expected two tokens with one blank between them");
  return {text.substr(0, blank), text.substr(blank + 1)};
}

void read_merges(const AnyJson& merges, const Ids& ids, TokenizerData& data, const std::string& where) {
  const auto find = [&](const std::string& token, size_t i) {
    const auto it = ids.find(token);
    if (it == ids.end()) fail(where, "[", i, "]: token ", in_quotes(token), " is not in the vocabulary");
    return it->second;
  };
  data.merges.reserve(merges.size());
  for (size_t i = 0; i < merges.size(); ++i) {
    const auto [left, right] = read_pair(merges[i], cat(where, "[", i, "]"));
    data.merges.push_back({find(left, i), find(right, i), find(left + right, i)});
  }
}

void read_model(const AnyJson& j, const AnyJson& added, TokenizerData& data, const std::string& where) {
  Part model(j, where + ": model");
  const AnyJson& type = model.at("type");  // older files leave it out; vocabulary and merges then say what it is
  if (!type.is_null() && type != "BPE") fail(model.where(), " ", type.dump(), " is not supported, expected \"BPE\"");
  for (const char* const key : {"dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix"})
    model.want_null(key);
  for (const char* const key : {"fuse_unk", "byte_fallback", "ignore_merges"}) model.want(key, false);
  const AnyJson &vocab = model.at("vocab"), &merges = model.at("merges");
  model.done();
  if (!vocab.is_object()) fail(model.where(), ": 'vocab', expected an object");
  if (!merges.is_array()) fail(model.where(), ": 'merges', expected a list");
  if (!added.is_array() && !added.is_null()) fail(where, ": 'added_tokens', expected a list");
  const size_t entries = vocab.size() + added.size();
  if (entries > kMaxEntries || merges.size() > kMaxEntries)
    fail(model.where(), ": ", entries, " tokens and ", merges.size(), " merges, expected at most ", kMaxEntries);
  data.specials = read_added_tokens(added, entries, where + ": added_tokens");
  const Ids ids = read_vocab(vocab, entries, data, model.where() + " vocab");
  read_merges(merges, ids, data, model.where() + " merges");
}

}  // namespace

Tokenizer tokenizer_from_json(std::string_view text, const std::string& where) {
  const AnyJson j = parse_strict(text, where);
  Part file(j, where);
  TokenizerData data;
  if (const std::string version = file.text("version"); version != "1.0")
    fail(where, ": version ", in_quotes(version), ", expected '1.0'");
  for (const char* const key : {"truncation", "padding"}) file.want_null(key);
  const AnyJson &normalizer = file.at("normalizer"), &pre = file.at("pre_tokenizer"), &added = file.at("added_tokens");
  const AnyJson &post = file.at("post_processor"), &decoder = file.at("decoder"), &model = file.at("model");
  file.done();
  data.assumes_nfc = read_normalizer(normalizer, where + ": normalizer");
  data.pre_tokenizer = read_pre_tokenizer(pre, where + ": pre_tokenizer");
  want_byte_level(post, where + ": post_processor");
  want_byte_level(decoder, where + ": decoder");
  read_model(model, added, data, where);
  try {
    return Tokenizer(std::move(data));
  } catch (const Error& e) {
    fail(where, ": ", e.what());
  }
}

Tokenizer load_tokenizer(const std::string& path) {
  std::ifstream in(path, std::ios::binary | std::ios::ate);
  if (!in) fail(path, ": cannot be opened, expected a tokenizer.json");
  const std::streamoff size = in.tellg();
  if (size < 0 || static_cast<size_t>(size) > kMaxFile) fail(path, ": ", size, " bytes, expected at most ", kMaxFile);
  std::string text(static_cast<size_t>(size), '\0');
  in.seekg(0);
  if (!in.read(text.data(), size)) fail(path, ": cannot be read");
  return tokenizer_from_json(text, path);
}

}  // namespace r1
