#include "base/parallel.h"

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>
#include <vector>

#include "support/catch.h"

using namespace r1;

TEST_CASE("every index runs once, with a worker in range, over many short runs and after sleeps") {
  ThreadPool pool(3);
  CHECK(pool.size() == 3);
  int64_t wrong = 0;
  for (int64_t round = 0; round < 3000; ++round) {
    const int64_t count = round % 17;
    std::vector<std::atomic<int>> hits(static_cast<size_t>(count));
    std::atomic<int64_t> outside{0};
    pool.run(count, [&](int64_t i, int worker) {
      ++hits[static_cast<size_t>(i)];
      outside += worker < 0 || worker >= 3;
    });
    for (const auto& h : hits) wrong += h != 1;
    wrong += outside;
    if (round % 500 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));  // the workers fall asleep
  }
  CHECK(wrong == 0);
}

TEST_CASE("no worker touches a run that has returned") {
  ThreadPool pool(4);
  int64_t wrong = 0;
  for (int round = 0; round < 2000; ++round) {
    std::vector<int64_t> own(static_cast<size_t>(round % 5 + 2), 0);
    pool.run(static_cast<int64_t>(own.size()), [&own](int64_t i, int) { own[static_cast<size_t>(i)] = i + 1; });
    for (size_t i = 0; i < own.size(); ++i) wrong += own[i] != static_cast<int64_t>(i) + 1;
  }
  CHECK(wrong == 0);
}

TEST_CASE("the first exception comes back, and the pool works afterwards") {
  ThreadPool pool(2);
  for (int round = 0; round < 50; ++round) {
    CHECK_THROWS_AS(pool.run(100,
                             [](int64_t i, int) {
                               if (i == 7) throw std::runtime_error("seven");
                             }),
                    std::runtime_error);
    std::atomic<int64_t> sum{0};
    pool.run(100, [&](int64_t i, int) { sum += i; });
    CHECK(sum == 4950);
  }
}

TEST_CASE("a slow task is waited for") {
  ThreadPool pool(2);
  std::atomic<int> finished{0};
  pool.run(2, [&](int64_t, int) {
    std::this_thread::sleep_for(std::chrono::milliseconds(3));
    ++finished;
  });
  CHECK(finished == 2);
}
