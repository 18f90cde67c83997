// The printable form of bytes that GPT-2 introduced and HuggingFace files use: each of the 256 bytes is one visible
// character, so that any byte string can be a JSON key. In memory tokens are bytes; this form exists in files only.
// Paper: none.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace r1 {

/// Bytes to the printable form: " a" becomes "Ġa".
std::string to_byte_level(std::string_view bytes);

/// The way back; nothing if a character stands for no byte.
std::optional<std::string> from_byte_level(std::string_view text);

}  // namespace r1
