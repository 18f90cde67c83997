// A task whose problems are drawn until one belongs to the split that is asked: level index % levels + 1, a random
// stream of its own for each (index, split). Paper: none.
#pragma once
#include <functional>
#include <utility>

#include "tasks/problem.h"

namespace r1 {

class DrawnTask final : public Task {
 public:
  using Draw = std::function<Problem(int level, Rng& rng)>;
  /// `lane` keeps the streams of families apart: a multiple of 16, never renumbered (it is part of every problem).
  DrawnTask(std::string name, int levels, uint32_t lane, Draw draw)
      : name_(std::move(name)), levels_(levels), lane_(lane), draw_(std::move(draw)) {}
  std::string name() const override { return name_; }
  int levels() const override { return levels_; }
  Problem problem(uint64_t seed, Split split, uint32_t index) const override {
    Rng rng(seed, Stream::kTask, index, lane_ + static_cast<uint32_t>(split));
    while (true) {
      Problem p = draw_(static_cast<int>(index % static_cast<uint32_t>(levels_)) + 1, rng);
      if (split_of(p.key) == split) return p;
    }
  }

 private:
  std::string name_;
  int levels_;
  uint32_t lane_;
  Draw draw_;
};

inline std::unique_ptr<Task> drawn_task(std::string name, int levels, uint32_t lane, DrawnTask::Draw draw) {
  return std::make_unique<DrawnTask>(std::move(name), levels, lane, std::move(draw));
}

}  // namespace r1
