// Stage: pre-training a base on a toy world's corpus; writes a run folder and a model directory.
// Paper: [V3 §4] (the paper's base is V3-Base).
#pragma once
#include <string>

#include "model/config.h"
#include "pipeline/world.h"
#include "train/pretrainer.h"

namespace r1 {

struct PretrainJob {
  std::string run;  ///< run folder
  std::string out;  ///< model directory to write at the end
  uint64_t seed = 0;
  int threads = 0;
  Device device = Device::kCpu;  ///< where the updates are computed; documents, gate and files stay on the CPU
  bool resume = false;
  int64_t checkpoint_every = 1000;  ///< updates, 0 = only at the end
  int64_t gate_every = 500;         ///< updates between measurements of the gate, 0 = never
  WorldConfig world;
  ModelConfig model;  ///< vocab_size is set from the tokenizer
  PretrainConfig train;
};

/// Runs to the end (or to Ctrl-C: then it saves and returns 130). Throws Error on bad input.
int run_pretrain(PretrainJob job);

}  // namespace r1
