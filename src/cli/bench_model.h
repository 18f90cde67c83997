// The whole-model part of `r1 bench`: pre-training and rollout of a config on made-up documents and lengths, beside the
// floors that the machine sets. tests/peers/torch_toy.py runs the same work in PyTorch. Paper: none.
#pragma once
#include <cstdint>
#include <string>

namespace r1 {

struct ModelBench {
  std::string config = "examples/configs/math-1.json";
  int threads = 2;
  int rounds = 5;         ///< measurements; medians are printed
  double seconds = 1;     ///< length of one at least
  int64_t samples = 512;  ///< answers of a rollout
  bool json = false;      ///< one JSON object in place of the table
};

/// Pre-training updates on packed documents of 43, 43 and 42 tokens, MTP included.
void bench_train(const ModelBench& options);
/// Rollouts of `samples` answers, 16 to a prompt of 20 tokens, of lengths that `bench_length` names.
void bench_rollout(const ModelBench& options);

/// Length of sample i: exponential with mean 36, at least 8, at most 192; the same in every program.
int64_t bench_length(int64_t i);

}  // namespace r1
