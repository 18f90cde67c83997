// Our own thread pool with a fixed partition: which indices exist never depends on the thread count, only who
// takes them does. Results must therefore be written per index, never accumulated per thread. Paper: none.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>

namespace r1 {

/// A pool of n threads in all (the caller is one of them). Not re-entrant: a task that runs on a pool runs its own
/// inner loops alone (pass a null pool downwards).
class ThreadPool {
 public:
  /// n >= 1 threads; n = 0 means one per available core.
  explicit ThreadPool(int n);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int size() const;
  /// Calls fn(i, worker) once for each i in [0, count); worker in [0, size()). Indices are taken in ascending order,
  /// first come first served. Rethrows the first exception after all workers have stopped.
  void run(int64_t count, const std::function<void(int64_t i, int worker)>& fn);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// fn(i, worker) over [0, count) on the pool, or on the caller alone when pool is null.
void parallel_for(ThreadPool* pool, int64_t count, const std::function<void(int64_t, int)>& fn);

/// fn(begin, end) over [0, n) cut into chunks of `grain`, whatever the thread count.
template <class F>
void parallel_chunks(ThreadPool* pool, int64_t n, int64_t grain, const F& fn) {
  if (!pool || n <= grain) {
    if (n > 0) fn(int64_t{0}, n);
    return;
  }
  parallel_for(pool, (n + grain - 1) / grain,
               [&](int64_t i, int) { fn(i * grain, (i + 1) * grain < n ? (i + 1) * grain : n); });
}

}  // namespace r1
