// How a question becomes a prompt, and which special tokens frame an answer. In: a question (text of others).
// Out: pieces, special tokens by name; the question stays a text piece, so it can forge nothing. Templates register
// themselves: "r1-zero" (structure of the paper's template, our words) and "toy" (6 tokens). Paper: [R1 Table 1].
#pragma once
#include <string>
#include <vector>

#include "base/registry.h"
#include "base/text.h"
#include "base/types.h"

namespace r1 {

inline constexpr const char* kPad = "<|pad|>";
inline constexpr const char* kBos = "<|bos|>";
inline constexpr const char* kEos = "<|eos|>";
inline constexpr const char* kThinkOpen = "<think>";
inline constexpr const char* kThinkClose = "</think>";
inline constexpr const char* kAnswerOpen = "<answer>";
inline constexpr const char* kAnswerClose = "</answer>";

class Tokenizer;

/// What stands before and after a question.
struct ChatTemplate {
  std::string name;
  std::vector<Piece> before, after;

  std::vector<Piece> prompt(const std::string& question) const;
};

/// The template of that name; throws Error that lists what exists.
const ChatTemplate& chat_template(const std::string& name);

/// Ids of a whole training document: prompt of the question (or begin-of-sequence alone if there is none), body, end.
std::vector<token_t> encode_document(const Tokenizer& tokenizer, const ChatTemplate& frame, const std::string& question,
                                     const std::vector<Piece>& body);

}  // namespace r1
