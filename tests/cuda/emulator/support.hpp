// What the emulator's tests share: device buffers, "this must fail with these words", sweeps over schedules.
// Paper: none.
#pragma once
#include <algorithm>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "base/check.h"
#include "emulator/emulator.hpp"
#include "gpu.hpp"
#include "support/catch.h"

namespace emu_test {

/// A fresh device and the options of the environment, before and after.
struct Fresh {
  gpu::emu::Options saved = gpu::emu::options();
  Fresh() { gpu::emu::reset_device(); }
  Fresh(const Fresh&) = delete;
  ~Fresh() {
    gpu::emu::options() = saved;
    gpu::emu::reset_device();
  }
};

template <class T>
struct Buffer {
  T* p = nullptr;
  size_t n;
  explicit Buffer(size_t count, const char* name = "buffer") : n(count) {
    p = static_cast<T*>(gpu::malloc_device(n * sizeof(T), name));
  }
  Buffer(const std::vector<T>& v, const char* name) : Buffer(v.size(), name) { write(v); }
  Buffer(const Buffer&) = delete;
  ~Buffer() {
    try {
      gpu::free_device(p);
    } catch (const std::exception&) {  // damage that the test has already seen reported
    }
  }
  void write(const std::vector<T>& v) { gpu::copy(p, v.data(), n * sizeof(T), gpu::Copy::kToDevice); }
  std::vector<T> read() const {
    std::vector<T> v(n);
    gpu::copy(v.data(), p, n * sizeof(T), gpu::Copy::kToHost);
    return v;
  }
};

/// The message that `f` fails with; fails the test if it does not.
template <class F>
std::string message_of(const F& f) {
  try {
    f();
    gpu::sync_device();
  } catch (const r1::Error& e) {
    return e.what();
  }
  FAIL("nothing was reported");
  return {};
}

template <class F>
void each_schedule(uint64_t n, const F& f) {
  for (uint64_t i = 0; i < n; ++i) {
    INFO("schedule " << i);
    gpu::emu::use_schedule(i);
    f(i);
  }
}

inline std::vector<float> ramp(size_t n, float scale = 1) {
  std::vector<float> v(n);
  for (size_t i = 0; i < n; ++i) v[i] = float(int(i * 7 % 19) - 9) * scale;
  return v;
}

}  // namespace emu_test

/// `call` must be reported with every one of the words.
#define CHECK_FAILS(call, ...)                                    \
  do {                                                            \
    INFO(#call);                                                  \
    const std::string said = emu_test::message_of([&] { call; }); \
    for (const char* word : {__VA_ARGS__}) {                      \
      INFO(said);                                                 \
      CHECK(said.find(word) != std::string::npos);                \
    }                                                             \
    CHECK(said.find('\n') == std::string::npos);                  \
  } while (0)
