// HuggingFace's tokenizer.json, in and out: the strict subset that byte-level BPE models such as Qwen2 and DeepSeek-V3
// use. In: text of a file (hostile). Out: a Tokenizer; or a text that HuggingFace's library loads with the same ids.
// What the subset does not know is an error that names it, never ignored. Traps: their library matches added tokens
// inside any text, ours never does (only pieces and encode_with_specials yield them); a normalizer NFC is recorded,
// not applied. Paper: [V3 §4.1].
#pragma once
#include <string>
#include <string_view>

#include "tokenizer/tokenizer.h"

namespace r1 {

/// Reads a tokenizer.json; `where` names it in errors. Throws Error: not JSON (with the byte), a key twice, nesting
/// over 64, over 2^22 tokens or merges, an unknown part or option, a token or merge that does not fit the rest.
Tokenizer tokenizer_from_json(std::string_view text, const std::string& where);

/// The whole file as text. Throws Error if a token's printable form is also the name of a special token.
std::string tokenizer_to_json(const Tokenizer& tokenizer);

/// Reads a file of at most 256 MiB. Throws Error naming the path.
Tokenizer load_tokenizer(const std::string& path);

}  // namespace r1
