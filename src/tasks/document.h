// A training text of a toy world and the corpora that make them, each one self-registering file. Text only: the
// pipeline frames it with a chat template, adds begin and end of sequence, and encodes it. Paper: none.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "base/fields.h"
#include "base/registry.h"
#include "base/text.h"

namespace r1 {

/// One document. A non-empty `question` is put into the chat template; the body follows it.
struct Document {
  std::string kind;         ///< "chat", "sheet", ...: for statistics
  std::string question;     ///< as Problem::prompt; empty for documents that are no conversation
  std::vector<Piece> body;  ///< text and the names of special tokens
};

/// Documents from a seed. Same (seed, index, progress) gives the same document, for ever.
class Corpus {
 public:
  virtual ~Corpus() = default;
  virtual std::string name() const = 0;
  /// `progress` in [0, 1): how far training has come, for curricula.
  virtual Document document(uint64_t seed, uint64_t index, double progress) const = 0;
  /// Every setting, as config.json keeps it.
  virtual Json recipe() const = 0;
};

/// Makes a corpus from its recipe; an empty object means the defaults. Throws Error naming a wrong field.
using CorpusFactory = std::unique_ptr<Corpus> (*)(const Json& recipe);

}  // namespace r1
