// UTF-8 by hand (validation, iteration, writing) and Piece, the unit of text that may name special tokens.
// In: bytes of unknown origin. Out: code points, or where they go wrong; overlong forms, surrogates and values over
// U+10FFFF are invalid, so that a text has one spelling only. Paper: none.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace r1 {

/// One decoded character. `length` 0 means: the bytes at this place are not UTF-8.
struct CodePoint {
  char32_t value = 0;
  int length = 0;  ///< bytes taken, 1..4
};

/// The character that starts at byte `at` (< text.size()).
CodePoint decode_utf8(std::string_view text, size_t at);

/// Byte offset of the first byte that is not part of valid UTF-8; text.size() if all of it is valid.
size_t valid_utf8_prefix(std::string_view text);

/// Appends the UTF-8 form of a code point (at most U+10FFFF, no surrogate).
void append_utf8(std::string& out, char32_t value);

/// At most `limit` bytes of a text for an error message: control and invalid bytes as \xNN, in single quotes.
std::string in_quotes(std::string_view text, size_t limit = 60);

/// The text without ASCII blanks (space, tab, line feed, carriage return) at both ends.
std::string_view trim(std::string_view text);

/// The text with A to Z as a to z; all other bytes stay.
std::string ascii_lower(std::string_view text);

/// A stretch of text, or the name of one special token. Documents and prompts are lists of these, because plain text
/// can never spell a special token.
struct Piece {
  std::string text;
  bool special = false;
  bool given = false;  ///< in training: read but never a target, because nothing before it could tell it
  bool operator==(const Piece&) const = default;
};

inline Piece text_piece(std::string text) { return {std::move(text), false, false}; }
inline Piece given_piece(std::string text) { return {std::move(text), false, true}; }
inline Piece special_piece(std::string name) { return {std::move(name), true, false}; }

/// All pieces one after another, specials by their names: for logs and for reading, never for encoding.
std::string plain(const std::vector<Piece>& pieces);

}  // namespace r1
