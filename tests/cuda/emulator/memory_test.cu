// Memory of the emulated device: poison, red zones, guard pages, alignment, limits, exhausted memory.
#include <cmath>

#include "support.hpp"

using namespace emu_test;

namespace {

GPU_KERNEL(32) void store_at(float* p, int64_t i) {
  if (gpu::tid() == 0) p[i] = 1;
}
GPU_KERNEL(32) void twice_outside(float* a, float* b, bool misaligned) {
  if (gpu::tid() > 0) return;
  if (misaligned && !gpu::emu::race_build()) a[9] = b[9] = 1;
  if (misaligned) gpu::store_vec(a + 1, gpu::Vec<float, 4>{});
  a[9] = b[9] = 1;
}
GPU_KERNEL(32) void load_vec_at(float* out, const float* p, int i) {
  const auto v = gpu::load_vec<4>(p + i);
  out[gpu::tid()] = v[gpu::tid() % 4];
}
GPU_KERNEL(32) void shared_overrun(float* out, int i) {
  SMEM(float, first, 32);
  SMEM(float, second, 32);
  first[gpu::tid()] = second[gpu::tid()] = 0;
  gpu::sync();
  float* p = first;  // not an array any more: UBSan cannot see the bound
  if (gpu::tid() == 0) p[i] = 5;
  gpu::sync();
  out[gpu::tid()] = first[gpu::tid()] + second[gpu::tid()];
}
GPU_KERNEL(32) void dynamic_overrun(int floats) {
  DSMEM(float, s);
  if (gpu::tid() == 0) s[floats] = 1;
}
GPU_KERNEL(32) void no_dynamic() {
  DSMEM(float, s);
  s[0] = 1;
}
GPU_KERNEL(32) void too_much_static() {
  SMEM(float, s, 20000);
  s[gpu::tid()] = 1;
}
/// 40 KiB of its own: with 200 KiB of dynamic memory more than a block can have.
GPU_KERNEL(32) void static_and_dynamic() {
  SMEM(float, s, 10240);
  DSMEM(float, d);
  s[gpu::tid()] = d[gpu::tid()] = 1;
}
GPU_KERNEL(32) void unwritten(float* out) {
  SMEM(float, s, 32);
  if (gpu::tid() > 0) s[gpu::tid()] = 1;
  gpu::sync();
  out[gpu::tid()] = s[31 - gpu::tid()];
}
GPU_KERNEL(32) void matrix_misaligned(uint32_t* out) {
  SMEM(uint16_t, s, 40 * 8);
  for (int i = gpu::tid(); i < 320; i += 32) s[i] = 0;
  gpu::syncwarp();
  uint32_t r[4];
  gpu::ldmatrix_x4(r, s + gpu::lane() * 8 + (gpu::lane() == 9 ? 4 : 0));
  out[gpu::tid()] = r[0];
}
GPU_KERNEL(32) void deep(int* out, int n) {
  volatile char big[1 << 18];  // reaches past the guard page: what finds it is -fstack-clash-protection
  big[n] = char(n);
  out[gpu::tid()] = big[n];
}
GPU_KERNEL(32) void atomics(int* i, unsigned* u, unsigned long long* l, float* f) {
  gpu::atomic_add(i, -1);
  gpu::atomic_max(i + 1, gpu::tid() - 20);
  gpu::atomic_min(i + 2, gpu::tid() - 20);
  gpu::atomic_add(u, 1u);
  gpu::atomic_or(u + 1, 1u << gpu::tid());
  gpu::atomic_add(l, 1ull << 33);
  gpu::atomic_add(f, 0.5f);
  while (gpu::atomic_cas(i + 3, 0, 1) != 0) {  // a lock
  }
  i[4] = i[4] + 1;
  gpu::fence();
  gpu::atomic_exchange(i + 3, 0);
}
GPU_KERNEL(32) void requires_it(int n) { gpu::require(n < 5, "n is below 5"); }
GPU_KERNEL(32) void divides(int* out, int n) { out[gpu::tid()] = 7 / n; }

}  // namespace

TEST_CASE("fresh memory is NaN and what was freed is gone") {
  const Fresh fresh;
  const Buffer<float> b(100, "b");
  for (const float x : b.read()) CHECK(std::isnan(x));
  void* p = gpu::malloc_device(100, "gone");
  gpu::free_device(p);
  CHECK_FAILS(gpu::launch({.name = "store_at", .grid = 1, .block = 32}, store_at, static_cast<float*>(p), int64_t(0)),
              "out-of-bounds", "freed buffer 'gone'");
  CHECK_FAILS(gpu::free_device(p), "'gone' was freed before");
  CHECK_FAILS(gpu::free_device(b.p + 1), "not the start of a device buffer");
}

TEST_CASE("accesses outside a buffer are reported, whatever side and however far") {
  const Fresh fresh;
  const Buffer<float> b(std::vector<float>(100, 1.0f), "weights"), out(32, "out");
  const auto store = [&](int64_t i) { gpu::launch({.name = "store_at", .grid = 1, .block = 32}, store_at, b.p, i); };
  CHECK_FAILS(store(100), "kernel 'store_at'", "out-of-bounds write", "'weights'", "400");
  CHECK_FAILS(store(-1), "out-of-bounds write", "4 bytes before buffer 'weights'");
  CHECK_FAILS(store(5000), "kernel 'store_at'", "out-of-bounds");
  CHECK_FAILS(store(int64_t(1) << 40), "no device memory", "thread (0,0,0)");
  const auto load = [&](int i) {
    gpu::launch({.name = "load_vec_at", .grid = 1, .block = 32}, load_vec_at, out.p, b.p, i);
  };
  load(96);
  CHECK(out.read()[0] == 1.0f);
  CHECK_FAILS(load(98), "misaligned load of 16 bytes", "expected a multiple of 16", "memory_test.cu:");
  CHECK_FAILS(load(100), "out-of-bounds load of 16 bytes", "byte 400 of buffer 'weights' (400 bytes)");
  CHECK_FAILS(load(-4), "16 bytes before buffer 'weights'");
}

TEST_CASE("a write outside two buffers in a launch that fails otherwise is not blamed on the next launch") {
  const Fresh fresh;
  const Buffer<float> a(8, "a"), b(8, "b");
  CHECK_FAILS(gpu::launch({.name = "twice_outside", .grid = 1, .block = 32}, twice_outside, a.p, b.p, true),
              "misaligned");
  CHECK_FAILS(gpu::launch({.name = "twice_outside", .grid = 1, .block = 32}, twice_outside, a.p, b.p, false),
              "out-of-bounds write");
  gpu::launch({.name = "store_at", .grid = 1, .block = 32}, store_at, a.p, 3);
  gpu::sync_device();
  gpu::free_device(gpu::malloc_device(16, "c"));
}

TEST_CASE("shared memory has red zones and limits") {
  const Fresh fresh;
  const Buffer<float> out(32, "out");
  const auto go = [&](int i) {
    gpu::launch({.name = "shared_overrun", .grid = 1, .block = 32}, shared_overrun, out.p, i);
  };
  go(31);
  gpu::sync_device();
  CHECK_FAILS(go(32), "out-of-bounds write", "first");
  CHECK_FAILS(gpu::launch({.name = "dynamic_overrun", .grid = 1, .block = 32, .smem = 400}, dynamic_overrun, 100),
              "out-of-bounds write", "dynamic shared memory");
  CHECK_FAILS(gpu::launch({.name = "no_dynamic", .grid = 1, .block = 32}, no_dynamic),
              "0 bytes of dynamic shared memory");
  CHECK_FAILS(gpu::launch({.name = "too_much_static", .grid = 1, .block = 32}, too_much_static), "80000 bytes",
              "49152");
  gpu::launch({.name = "static_and_dynamic", .grid = 1, .block = 32, .smem = 49152},
              static_and_dynamic);  // opted in by launch()
  CHECK_NOTHROW(gpu::sync_device());
  CHECK_FAILS(gpu::launch({.name = "static_and_dynamic", .grid = 1, .block = 32, .smem = 204800}, static_and_dynamic),
              "40960 static + 204800 dynamic bytes, expected at most 232448");
  const Buffer<uint32_t> r(32, "r");
  CHECK_FAILS(gpu::launch({.name = "matrix_misaligned", .grid = 1, .block = 32}, matrix_misaligned, r.p),
              "misaligned ldmatrix", "thread (9,0,0)");
  if (gpu::emu::race_build()) {
    CHECK_FAILS(gpu::launch({.name = "unwritten", .grid = 1, .block = 32}, unwritten, out.p),
                "read of unwritten shared memory", "byte 0 of shared 's'");
  } else {
    gpu::launch({.name = "unwritten", .grid = 1, .block = 32}, unwritten, out.p);
    CHECK(std::isnan(out.read()[31]));
  }
}

TEST_CASE("launch limits, exhausted memory and host pointers are refused with the sizes") {
  const Fresh fresh;
  const Buffer<float> b(8, "b");
  const auto go = [&](gpu::Launch c) {
    c.name = "store_at";
    gpu::launch(c, store_at, b.p, int64_t(0));
  };
  CHECK_FAILS(go({.grid = 1, .block = 1025}), "launch of kernel 'store_at'", "block (1025,1,1)",
              "1025 threads, expected 1..1024");
  CHECK_FAILS(go({.grid = 0, .block = 32}), "empty grid");
  CHECK_FAILS(go({.grid = {1, 70000}, .block = 32}), "at most 65535");
  CHECK_FAILS(go({.grid = 1, .block = 32, .smem = 300000}), "expected at most 232448 bytes");
  CHECK_FAILS(go({.grid = 3, .block = 32, .cluster = 2}), "cluster of 2");
  gpu::emu::options().memory_bytes = 1 << 20;
  CHECK_FAILS(gpu::malloc_device(2 << 20, "activations"), "out of device memory: activations needs 2097152 bytes",
              "are free");
  float host = 0;
  CHECK_FAILS(gpu::launch({.name = "load_vec_at", .grid = 1, .block = 32}, load_vec_at, b.p,
                          static_cast<const float*>(&host), 0),
              "load", "host address");
}

TEST_CASE("a failing kernel leaves the process and the next kernel alone") {
  const Fresh fresh;
  const Buffer<int> out(32, "out");
  CHECK_FAILS(gpu::launch({.name = "requires_it", .grid = 1, .block = 32}, requires_it, 5), "n is below 5",
              "memory_test.cu:");
  CHECK_FAILS(gpu::launch({.name = "deep", .grid = 1, .block = 32}, deep, out.p, 3), "stack overflow");
#if !defined(__SANITIZE_ADDRESS__) && defined(__x86_64__)
  CHECK_FAILS(gpu::launch({.name = "divides", .grid = 1, .block = 32}, divides, out.p, 0), "division by zero");
#endif
  gpu::launch({.name = "divides", .grid = 1, .block = 32}, divides, out.p, 2);
  CHECK(out.read()[7] == 3);
  CHECK_THROWS_AS(gpu::tid(), r1::Error);  // a device function on the host
}

TEST_CASE("atomics are atomic and let spinning threads go on") {
  const Fresh fresh;
  each_schedule(12, [&](uint64_t) {
    const Buffer<int> i(std::vector<int>(5, 0), "i");
    const Buffer<unsigned> u(std::vector<unsigned>(2, 0), "u");
    const Buffer<unsigned long long> l(std::vector<unsigned long long>(1, 0), "l");
    const Buffer<float> f(std::vector<float>(1, 0), "f");
    gpu::launch({.name = "atomics", .grid = 2, .block = 32}, atomics, i.p, u.p, l.p, f.p);
    CHECK(i.read() == std::vector<int>{-64, 11, -20, 0, 64});
    CHECK(u.read() == std::vector<unsigned>{64, 0xffffffffu});
    CHECK(l.read()[0] == 64ull << 33);
    CHECK(f.read()[0] == 32.0f);
  });
}
