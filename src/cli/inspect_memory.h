// The memory part of `r1 inspect`. Paper: none.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/fields.h"
#include "model/config.h"

namespace r1 {

struct InspectMemory {
  std::string preset = "toy";     ///< defaults of GRPO
  std::vector<std::string> sets;  ///< --set grpo.field=value
  int threads = 0;                ///< 0: all cores
  int64_t prompt_tokens = 32;     ///< longest prompt: a config does not say it
};

/// Prints the plan of a GRPO step, every answer at the limit. `file` is the config's file where it has sections, or "".
void inspect_memory(const ModelConfig& model, const std::string& file, const InspectMemory& options);

}  // namespace r1
