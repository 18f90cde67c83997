// Thread pool: tasks are claimed from one atomic ticket; a worker that finds none spins for a moment, then sleeps. A
// run waits for its tasks, not for the workers: one that wakes late finds nothing to claim. Trap: a small matrix
// product takes 20 microseconds, waking a sleeper takes as long: hence the spinning. Paper: none.
#include "base/parallel.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "base/check.h"

namespace r1 {

namespace {
constexpr auto kSpin = std::chrono::microseconds(50);
constexpr uint64_t kIndexBits = 40, kIndexMask = (uint64_t{1} << kIndexBits) - 1;

void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#else
  std::this_thread::yield();
#endif
}

/// Waits for `ready` without sleeping; false after kSpin.
template <class F>
bool spin_until(const F& ready) {
  const auto end = std::chrono::steady_clock::now() + kSpin;
  do {
    for (int i = 0; i < 16; ++i) {
      if (ready()) return true;
      relax();
    }
  } while (std::chrono::steady_clock::now() < end);
  return false;
}
}  // namespace

struct ThreadPool::State {
  std::vector<std::thread> threads;
  std::mutex mutex;
  std::condition_variable wake, finished;
  std::atomic<int> sleepers{0};      // workers in `wake`
  std::atomic<bool> waiting{false};  // the caller is in `finished`
  std::atomic<bool> stop{false};

  // The run: its generation and next index share a word, so that a claim fails once either has moved on.
  std::atomic<uint64_t> ticket{kIndexMask};
  std::atomic<int64_t> count{0}, done{0};
  const std::function<void(int64_t, int)>* fn = nullptr;  // valid while an index is claimed and not done
  std::atomic<bool> failed{false};
  std::exception_ptr error;  // guarded by mutex

  bool claimable() const { return static_cast<int64_t>(ticket.load() & kIndexMask) < count.load(); }

  /// Claims indices and runs them until none is left.
  void work(int worker) {
    for (uint64_t t = ticket.load();;) {
      const auto i = static_cast<int64_t>(t & kIndexMask);
      if (i >= count.load()) return;
      if (!ticket.compare_exchange_weak(t, t + 1)) continue;
      run_one(i, worker);
      t = ticket.load();
    }
  }

  void run_one(int64_t i, int worker) {
    const int64_t all = count.load();
    if (!failed.load(std::memory_order_relaxed)) {
      try {
        (*fn)(i, worker);
      } catch (...) {
        std::lock_guard lock(mutex);
        if (!error) error = std::current_exception();
        failed = true;
      }
    }
    if (done.fetch_add(1) + 1 == all && waiting.load()) {
      std::lock_guard lock(mutex);
      finished.notify_one();
    }
  }

  void loop(int worker) {
    const auto ready = [this] { return stop.load() || claimable(); };
    while (!stop) {
      if (!spin_until(ready)) {
        std::unique_lock lock(mutex);
        ++sleepers;  // before `ready`: either we see the new ticket or its owner sees us
        wake.wait(lock, ready);
        --sleepers;
      }
      work(worker);
    }
  }

  void wake_sleepers() {
    if (sleepers.load() == 0) return;
    { std::lock_guard lock(mutex); }
    wake.notify_all();
  }
};

ThreadPool::ThreadPool(int n) : state_(std::make_unique<State>()) {
  R1_CHECK(n >= 0 && n <= 4096, "thread count ", n, ", expected 0 (all cores) to 4096");
  if (n == 0) n = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  for (int w = 1; w < n; ++w) state_->threads.emplace_back([this, w] { state_->loop(w); });
}

ThreadPool::~ThreadPool() {
  state_->stop = true;
  state_->wake_sleepers();
  for (auto& t : state_->threads) t.join();
}

int ThreadPool::size() const { return static_cast<int>(state_->threads.size()) + 1; }

void ThreadPool::run(int64_t count, const std::function<void(int64_t, int)>& fn) {
  State& s = *state_;
  if (s.threads.empty() || count <= 1) {
    for (int64_t i = 0; i < count; ++i) fn(i, 0);
    return;
  }
  const uint64_t generation = (s.ticket.load() >> kIndexBits) + 1;
  s.ticket = generation << kIndexBits | kIndexMask;  // closed: no claim may see the new count with the old index
  s.fn = &fn;
  s.done = 0;
  s.failed = false;
  s.error = nullptr;
  s.count = count;
  s.ticket = generation << kIndexBits;
  s.wake_sleepers();
  s.work(0);
  const auto all_done = [&] { return s.done.load() == count; };
  if (!spin_until(all_done)) {
    std::unique_lock lock(s.mutex);
    s.waiting = true;
    s.finished.wait(lock, all_done);
    s.waiting = false;
  }
  if (s.failed) {
    std::lock_guard lock(s.mutex);
    std::rethrow_exception(s.error);
  }
}

void parallel_for(ThreadPool* pool, int64_t count, const std::function<void(int64_t, int)>& fn) {
  if (pool) {
    pool->run(count, fn);
  } else {
    for (int64_t i = 0; i < count; ++i) fn(i, 0);
  }
}

}  // namespace r1
