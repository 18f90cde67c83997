// Learning rate over updates: linear warm-up, then constant or cosine to a share of the peak.
// Paper: [R1 App. B.4.2] (cosine 5e-5 to 5e-6), [R1 §2.1] (constant 3e-6).
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <string>
#include <vector>

namespace r1 {

struct ScheduleConfig {
  double lr = 1e-3;
  int64_t warmup = 0;
  std::string decay = "cosine";
  double final_share = 0.1;
  template <class V>
  void visit(V& v) {
    v("lr", lr, "peak learning rate", 0.0, 1.0);
    v("warmup", warmup, "updates of linear warm-up", 0, int64_t{1} << 40);
    v("decay", decay, "after warm-up", std::vector<std::string>{"cosine", "constant"});
    v("final_share", final_share, "cosine ends at this share of the peak", 0.0, 1.0);
  }
};

/// Rate of update `update` (0-based) out of `total`.
inline double learning_rate(const ScheduleConfig& c, int64_t update, int64_t total) {
  if (update < c.warmup) return c.lr * static_cast<double>(update + 1) / static_cast<double>(c.warmup);
  if (c.decay == "constant" || total <= c.warmup) return c.lr;
  const double x = std::min(1.0, static_cast<double>(update - c.warmup) / static_cast<double>(total - c.warmup));
  return c.lr * (c.final_share + (1 - c.final_share) * 0.5 * (1 + std::cos(std::numbers::pi * x)));
}

}  // namespace r1
