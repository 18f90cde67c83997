// Host side of the layout probe: seeded integers, one launch with one input and one output, one printed line a case.
// Paper: none.
#pragma once
#include <cstdio>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "gpu.hpp"

namespace probe {

struct Rng {
  uint64_t s;
  explicit Rng(uint64_t seed) : s(88172645463325252ull ^ (seed * 0x9e3779b97f4a7c15ull)) {}
  uint32_t next32() {
    s ^= s << 13;
    s ^= s >> 7;
    s ^= s << 17;
    return uint32_t(s >> 16);
  }
  uint32_t below(uint32_t n) { return next32() % n; }
};

/// A piece of the probe with numbers of its own. A fault ends the process's use of the GPU, so the parts run in a child
/// process, and the parent starts another one behind a part that failed.
struct Part {
  std::string name;
  std::function<void(Rng&)> run;
};
int run_parts(const std::vector<Part>& parts);

/// A device buffer with a copy of v, freed at the end.
template <class T>
struct Buffer {
  T* p;
  size_t n;
  explicit Buffer(const std::vector<T>& v, const char* name = "probe") : n(v.size()) {
    p = static_cast<T*>(gpu::malloc_device(n * sizeof(T), name));
    gpu::copy(p, v.data(), n * sizeof(T), gpu::Copy::kToDevice);
  }
  Buffer(const Buffer&) = delete;
  ~Buffer() {
    try {
      gpu::free_device(p);
    } catch (const std::exception&) {  // after a fault every call fails; the fault itself is what is reported
    }
  }
  std::vector<T> read() const {
    std::vector<T> v(n);
    gpu::copy(v.data(), p, n * sizeof(T), gpu::Copy::kToHost);
    return v;
  }
};

/// kernel(out, in, more...) with 32 threads a block or 256.
template <class Out, class In, class Kernel, class... More>
std::vector<Out> launch(Kernel kernel, int grid, const std::vector<In>& in, size_t out_count, More... more) {
  const Buffer<In> i(in);
  const Buffer<Out> o(std::vector<Out>(out_count, Out(0)));
  gpu::launch({.name = "probe", .grid = sizeof...(more) ? grid : 1, .block = sizeof...(more) ? 256 : 32}, kernel, o.p,
              static_cast<const In*>(i.p), more...);
  gpu::sync_device();
  return o.read();
}

template <class T>
void print(const char* name, const std::vector<T>& v) {
  uint64_t h = 14695981039346656037ull;
  for (const T& x : v) {
    uint32_t u = 0;
    std::memcpy(&u, &x, sizeof(T));
    for (int b = 0; b < 4; ++b) h = (h ^ (u >> (8 * b) & 0xff)) * 1099511628211ull;
  }
  std::printf("%s: %016llx", name, static_cast<unsigned long long>(h));
  for (size_t i = 0; i < v.size() && i < 6; ++i) std::printf(" %g", double(v[i]));
  std::printf("\n");
  std::fflush(stdout);
}

template <class Out, class In, class Kernel>
void run(const char* name, Kernel kernel, int, const std::vector<In>& in, size_t out_count) {
  print(name, launch<Out>(kernel, 1, in, out_count));
}

}  // namespace probe
