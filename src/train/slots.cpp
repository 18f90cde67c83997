// Gradient slots. Paper: none.
#include "train/slots.h"

#include <algorithm>
#include <numeric>

#include "kernels/reduce.h"

namespace r1 {

namespace {
std::vector<size_t> largest_first(const std::vector<int64_t>& rows) {
  std::vector<size_t> order(rows.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return rows[a] > rows[b]; });
  return order;
}
}  // namespace

SlotRunner::SlotRunner(const ParamList& params, ThreadPool& pool)
    : device_(params.device()), pool_(pool), packed_(params) {
  for (int w = 0; w < (device_ == Device::kCpu ? pool.size() : 1); ++w) {
    workers_.push_back(std::make_unique<Worker>(device_));
    workers_.back()->tape.set_packed(&packed_);
  }
  for (int s = 0; s < kGradSlots; ++s) grads_.emplace_back(params);
}

void SlotRunner::each(int64_t n, const std::function<void(int64_t, int)>& fn) {
  if (device_ == Device::kCpu) return pool_.run(n, fn);
  for (int64_t i = 0; i < n; ++i) fn(i, 0);
}

Gradients& SlotRunner::run(const std::vector<int64_t>& rows, const std::function<void(int, Tape&)>& work) {
  R1_CHECK(rows.size() == static_cast<size_t>(kGradSlots), rows.size(), " slots, expected ", kGradSlots);
  packed_.pack(&pool_);
  const std::vector<size_t> order = largest_first(rows);
  each(kGradSlots, [&](int64_t i, int w) {
    const auto s = static_cast<int64_t>(order[static_cast<size_t>(i)]);
    Worker& worker = *workers_[static_cast<size_t>(w)];
    Gradients& g = grads_[static_cast<size_t>(s)];
    g.begin();
    worker.arena.reset();
    worker.tape.reset();
    worker.tape.set_grads(&g);
    worker.tape.set_in_parts(false);
    worker.tape.set_recording(true);
    work(static_cast<int>(s), worker.tape);
    g.settle();
  });
  const size_t params = grads_[0].all().size();
  Exec ex;
  ex.device = device_;
  each(static_cast<int64_t>(params), [&](int64_t i, int) {
    real* slots[kGradSlots];
    for (size_t s = 0; s < kGradSlots; ++s) slots[s] = grads_[s].all()[static_cast<size_t>(i)].data();
    sum_tree(ex, slots[0], slots, int64_t{kGradSlots}, grads_[0].all()[static_cast<size_t>(i)].numel());
  });
  return grads_[0];
}

void SlotRunner::run_forward(const std::vector<int64_t>& rows, const std::function<void(int64_t, Tape&)>& work) {
  packed_.pack(&pool_);
  const std::vector<size_t> order = largest_first(rows);
  each(static_cast<int64_t>(rows.size()), [&](int64_t i, int w) {
    Worker& worker = *workers_[static_cast<size_t>(w)];
    worker.arena.reset();
    worker.tape.reset();
    worker.tape.set_grads(nullptr);
    worker.tape.set_recording(false);
    work(static_cast<int64_t>(order[static_cast<size_t>(i)]), worker.tape);
  });
}

size_t SlotRunner::peak_activation_bytes() const {
  size_t peak = 0;
  for (const auto& w : workers_) peak += w->arena.peak() + w->tape.workspace_bytes();
  return peak;
}

size_t SlotRunner::gradient_bytes() const {
  size_t bytes = 0;
  for (const auto& g : grads_)
    for (const Tensor& t : g.all()) bytes += t.bytes();
  return bytes;
}

}  // namespace r1
