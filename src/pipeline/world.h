// A toy world put together: corpus, task, tokenizer, template, rewards. Text stays here; models see ids.
// Paper: [R1 §2.1] (template), [R1 §2.2] (rewards).
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "rewards/rule_reward.h"
#include "tasks/document.h"
#include "tasks/problem.h"
#include "tokenizer/template.h"
#include "tokenizer/tokenizer.h"
#include "train/batch.h"

namespace r1 {

struct WorldConfig {
  std::string name = "math-1";
  std::string task;  ///< whose problems are asked; empty: the task of the world's own name (r1-1 has parts to choose)
  std::string chat_template = "toy";
  Json recipe = Json::object();  ///< fields of the corpus's recipe that differ from its defaults
};

class World {
 public:
  /// `tokenizer` null: trained on the corpus (always the same documents, whatever the run's seed).
  explicit World(const WorldConfig& config, std::unique_ptr<Tokenizer> tokenizer = nullptr,
                 const RewardWeights& rewards = {});

  const Tokenizer& tokenizer() const { return *tokenizer_; }
  const Task& task() const { return *task_; }
  const Corpus& corpus() const { return *corpus_; }
  token_t eos() const { return eos_; }

  /// Document `index` of a seed's stream as a training example. Targets are all tokens but the question and what the
  /// document marks as given.
  Example example(uint64_t seed, uint64_t index, double progress) const;
  /// Prompt ids of a problem.
  std::vector<token_t> prompt(const Problem& p) const;
  Score judge(const Problem& p, const std::vector<token_t>& answer) const;
  /// Begins to judge; the returned function waits for the score (programs run meanwhile).
  std::function<Score()> begin_judging(const Problem& p, const std::vector<token_t>& answer) const;
  /// Text of generated ids; an id that the tokenizer does not have (a padded output head) shows as U+FFFD.
  std::string text(const std::vector<token_t>& ids) const;

 private:
  std::vector<token_t> prompt_of(const std::string& question) const;
  std::vector<uint8_t> targets(const Document& d, const std::vector<token_t>& ids) const;

  std::unique_ptr<Corpus> corpus_;
  std::unique_ptr<Task> task_;
  std::unique_ptr<Tokenizer> tokenizer_;
  const ChatTemplate* template_;
  std::unique_ptr<RuleReward> reward_;
  token_t eos_;
};

}  // namespace r1
