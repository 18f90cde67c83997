// A made-up run folder with the shape of an R1-Zero run, to exercise the report. Its numbers come from formulas, not
// from a model: nothing of it is ever shown as a result.
#pragma once
#include <cstdint>
#include <string>

namespace r1_test {

/// Writes config.json, metrics.jsonl, samples.jsonl into `folder` (made if missing): `rollouts` rollouts of 2 updates,
/// an evaluation every 10, through the real writers.
void write_fake_run(const std::string& folder, uint64_t seed, int rollouts);

}  // namespace r1_test
