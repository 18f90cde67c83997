// Thread pool: workers wait on a generation counter, spin for a moment, then sleep. Paper: none.
#include "base/parallel.h"

#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "base/check.h"

namespace r1 {

struct ThreadPool::State {
  std::vector<std::thread> threads;
  std::mutex mutex;
  std::condition_variable wake, done;
  uint64_t generation = 0;  // guarded by mutex
  int active = 0;           // guarded by mutex: workers still inside the current run
  bool stop = false;        // guarded by mutex
  const std::function<void(int64_t, int)>* fn = nullptr;
  int64_t count = 0;
  std::atomic<int64_t> next{0};
  std::exception_ptr error;  // guarded by mutex

  void work(int worker) {
    try {
      for (int64_t i; (i = next.fetch_add(1, std::memory_order_relaxed)) < count;) (*fn)(i, worker);
    } catch (...) {
      next.store(count, std::memory_order_relaxed);
      std::lock_guard lock(mutex);
      if (!error) error = std::current_exception();
    }
  }

  void loop(int worker) {
    uint64_t seen = 0;
    for (;;) {
      {
        std::unique_lock lock(mutex);
        wake.wait(lock, [&] { return stop || generation != seen; });
        if (stop) return;
        seen = generation;
      }
      work(worker);
      std::lock_guard lock(mutex);
      if (--active == 0) done.notify_one();
    }
  }
};

ThreadPool::ThreadPool(int n) : state_(std::make_unique<State>()) {
  R1_CHECK(n >= 0 && n <= 4096, "thread count ", n, ", expected 0 (all cores) to 4096");
  if (n == 0) n = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  for (int w = 1; w < n; ++w) state_->threads.emplace_back([this, w] { state_->loop(w); });
}

ThreadPool::~ThreadPool() {
  {
    std::lock_guard lock(state_->mutex);
    state_->stop = true;
  }
  state_->wake.notify_all();
  for (auto& t : state_->threads) t.join();
}

int ThreadPool::size() const { return static_cast<int>(state_->threads.size()) + 1; }

void ThreadPool::run(int64_t count, const std::function<void(int64_t, int)>& fn) {
  State& s = *state_;
  if (s.threads.empty() || count <= 1) {
    for (int64_t i = 0; i < count; ++i) fn(i, 0);
    return;
  }
  {
    std::lock_guard lock(s.mutex);
    s.fn = &fn;
    s.count = count;
    s.next.store(0, std::memory_order_relaxed);
    s.error = nullptr;
    s.active = static_cast<int>(s.threads.size());
    ++s.generation;
  }
  s.wake.notify_all();
  s.work(0);
  std::unique_lock lock(s.mutex);
  s.done.wait(lock, [&] { return s.active == 0; });
  if (s.error) std::rethrow_exception(s.error);
}

void parallel_for(ThreadPool* pool, int64_t count, const std::function<void(int64_t, int)>& fn) {
  if (pool) {
    pool->run(count, fn);
  } else {
    for (int64_t i = 0; i < count; ++i) fn(i, 0);
  }
}

}  // namespace r1
