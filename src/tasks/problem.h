// A verifiable problem and the tasks that make them: text only, each task one self-registering file.
// Paper: [R1 §2.2] (questions whose answers a rule can check), [R1 App. B.3.1].
#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "base/registry.h"
#include "base/rng.h"

namespace r1 {

/// One question. `checker` names the rule in rewards/ that judges an answer; `answer` is what it compares with.
struct Problem {
  std::string task;      ///< "math-1"
  std::string prompt;    ///< the question as the user writes it, without template
  std::string answer;    ///< reference answer in canonical form
  std::string checker;   ///< "rational", "countdown"
  std::string data;      ///< what the checker needs beside the answer (countdown: the numbers), may be empty
  std::string language;  ///< "en" or "zh"
  int level = 1;
  std::string key;  ///< canonical form of the whole problem, operand order normalised: the held-out split hashes it
};

enum class Split { kTrain, kDev, kTest };

/// A family of problems, generated from a seed. Same (seed, split, index) gives the same problem, for ever.
class Task {
 public:
  virtual ~Task() = default;
  virtual std::string name() const = 0;
  virtual int levels() const = 0;
  /// Problem `index` of a split; the splits are disjoint by hash of Problem::key.
  virtual Problem problem(uint64_t seed, Split split, uint32_t index) const = 0;
};

using TaskFactory = std::unique_ptr<Task> (*)();

/// The split a key belongs to, by hash alone: 1 of 10 test, 1 of 10 dev, the rest train.
Split split_of(const std::string& key);

}  // namespace r1
