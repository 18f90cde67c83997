// Gradient slots. Paper: none.
#include "train/slots.h"

#include <algorithm>

#include "kernels/reduce.h"

namespace r1 {

SlotRunner::SlotRunner(const ParamList& params, ThreadPool& pool) : pool_(pool) {
  for (int w = 0; w < pool.size(); ++w) workers_.push_back(std::make_unique<Worker>());
  for (int s = 0; s < kGradSlots; ++s) grads_.emplace_back(params);
}

Gradients& SlotRunner::run(const std::function<void(int, Tape&)>& work) {
  pool_.run(kGradSlots, [&](int64_t s, int w) {
    Worker& worker = *workers_[static_cast<size_t>(w)];
    Gradients& g = grads_[static_cast<size_t>(s)];
    g.zero();
    worker.arena.reset();
    worker.tape.reset();
    worker.tape.set_grads(&g);
    worker.tape.set_recording(true);
    work(static_cast<int>(s), worker.tape);
  });
  const size_t params = grads_[0].all().size();
  pool_.run(static_cast<int64_t>(params), [&](int64_t i, int) {  // the tree: 0+1, 2+3, ...; 0+2, ...; 0+4, ...; 0+8
    for (size_t stride = 1; stride < kGradSlots; stride *= 2)
      for (size_t s = 0; s + stride < kGradSlots; s += 2 * stride) {
        const Tensor &to = grads_[s].all()[static_cast<size_t>(i)],
                     &from = grads_[s + stride].all()[static_cast<size_t>(i)];
        add_into(Exec{}, to.data(), from.data(), to.numel());
      }
  });
  return grads_[0];
}

void SlotRunner::run_forward(int64_t pieces, const std::function<void(int64_t, Tape&)>& work) {
  pool_.run(pieces, [&](int64_t i, int w) {
    Worker& worker = *workers_[static_cast<size_t>(w)];
    worker.arena.reset();
    worker.tape.reset();
    worker.tape.set_grads(nullptr);
    worker.tape.set_recording(false);
    work(i, worker.tape);
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
