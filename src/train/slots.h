// Runs the gradient slots of a batch over the threads and sums their gradients by a fixed tree. Each worker has its own
// arena and tape; each slot its own gradients, so that the sum never depends on who computed what. Parameters on a GPU:
// one slot after the other, all on its default stream. Paper: none.
#pragma once
#include <functional>
#include <memory>
#include <vector>

#include "autograd/packed.h"
#include "train/batch.h"

namespace r1 {

class SlotRunner {
 public:
  SlotRunner(const ParamList& params, ThreadPool& pool);
  /// Zeroes all gradients, calls work(slot, tape) for each slot on some worker (tape recording, gradients of that
  /// slot), and returns the tree sum over slots. The result is valid until the next call. `rows` [kGradSlots]: size of
  /// each slot; the largest begin first, so that the workers end together.
  Gradients& run(const std::vector<int64_t>& rows, const std::function<void(int slot, Tape& tape)>& work);
  /// The same without gradients or recording, over any number of pieces.
  void run_forward(const std::vector<int64_t>& rows, const std::function<void(int64_t piece, Tape& tape)>& work);
  ThreadPool& pool() { return pool_; }
  /// Largest activation memory of a worker so far, bytes.
  size_t peak_activation_bytes() const;
  /// Bytes of all slots' gradients.
  size_t gradient_bytes() const;

 private:
  struct Worker {
    explicit Worker(Device device) : arena(false, device) {}
    Arena arena;
    Tape tape{arena, nullptr, nullptr, true};
  };
  /// fn(i, worker) for each i: over the threads, or one after the other where a GPU does the work.
  void each(int64_t n, const std::function<void(int64_t, int)>& fn);

  Device device_;
  ThreadPool& pool_;
  PackedWeights packed_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<Gradients> grads_;
};

}  // namespace r1
