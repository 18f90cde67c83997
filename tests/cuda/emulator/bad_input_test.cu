// What can be wrong with a machine or a request: each is one line with the call or kernel, the sizes and what to do,
// and the device goes on afterwards. Through kernels/device.h, as the program calls it.
#include "kernels/device.h"

#include <limits>

#include "support.hpp"

using namespace emu_test;
namespace device = r1::device;

namespace {

GPU_KERNEL(1024) void nothing(float*) {}
GPU_KERNEL(32) void past_the_end(float* p) { gpu::store_vec(p + 1024 + gpu::tid(), gpu::Vec<float, 1>{{1.0f}}); }

/// The device works: bytes go there and come back.
bool works() {
  const Buffer<float> b(std::vector<float>{1, 2, 3}, "b");
  gpu::launch({.name = "nothing", .grid = 1, .block = 32}, nothing, b.p);
  gpu::sync_device();
  return b.read() == std::vector<float>{1, 2, 3};
}

}  // namespace

TEST_CASE("no device: every first call says so and what to do instead") {
  const Fresh fresh;
  gpu::emu::options().devices = 0;
  CHECK_FALSE(device::available());
  CHECK_FAILS(device::info(), "no CUDA device", "use --device cpu");
  CHECK_FAILS(device::allocate(12, "weights"), "malloc_device of 12 bytes for weights", "no CUDA device");
  CHECK_FAILS(gpu::set_device(0), "device 0: no CUDA device");
  CHECK_FAILS(gpu::launch({.name = "nothing", .grid = 1, .block = 32}, nothing, nullptr), "launch of kernel 'nothing'",
              "no CUDA device");
}

TEST_CASE("a driver that is too old, a device that is too old") {
  const Fresh fresh;
  gpu::emu::options().driver_version = 11080;
  CHECK_FALSE(device::available());
  CHECK_FAILS(device::info(), "driver is for CUDA 11.8, this program needs 12.8", "install a newer driver",
              "use --device cpu");
  gpu::emu::options().driver_version = 0;
  gpu::emu::options().major = 7;
  gpu::emu::options().minor = 5;
  CHECK(device::available());
  CHECK_FAILS(device::info(), "compute capability 7.5, expected at least 8.0", "use --device cpu");
  gpu::emu::options().major = 8;
  CHECK(device::info().major == 8);
}

TEST_CASE("out of memory: what for, how much, how much there is; then the device goes on") {
  const Fresh fresh;
  gpu::emu::options().memory_bytes = size_t(1) << 20;
  void* half = device::allocate(size_t(1) << 19, "half");
  CHECK_FAILS(device::allocate((size_t(1) << 19) + 1, "optimiser state"),
              "out of device memory: optimiser state needs 524289 bytes", "524288 of 1048576 are free",
              "expected a smaller batch or model");
  CHECK_FAILS(device::allocate(std::numeric_limits<size_t>::max() - 5, "a mistake"), "out of device memory: a mistake");
  device::release(half);
  CHECK(works());
}

TEST_CASE("a launch that no device takes: kernel, sizes, limit; then the device goes on") {
  const Fresh fresh;
  const Buffer<float> b(4, "b");
  CHECK_FAILS(gpu::launch({.name = "nothing", .grid = 3, .block = 1056}, nothing, b.p),
              "launch of kernel 'nothing', grid (3,1,1), block (1056,1,1)", "1056 threads, expected 1..1024");
  CHECK_FAILS(gpu::launch({.name = "nothing", .grid = 0, .block = 32}, nothing, b.p), "an empty grid");
  CHECK_FAILS(gpu::launch({.name = "nothing", .grid = 1, .block = 32, .smem = 300000}, nothing, b.p),
              "300000 bytes of shared memory", "expected at most 232448 bytes of shared memory");
  CHECK(works());
}

TEST_CASE("a kernel that fails: the error comes where it is waited for, once, and releasing is safe meanwhile") {
  const Fresh fresh;
  auto* p = static_cast<float*>(device::allocate(4096, "p"));
  gpu::launch({.name = "past_the_end", .grid = 1, .block = 32}, past_the_end, p);
  CHECK_FAILS(device::synchronize(), "kernel 'past_the_end'", "'p' (4096 bytes)", "bad_input_test.cu:");
  CHECK_NOTHROW(device::synchronize());
  device::release(p);
  p = static_cast<float*>(device::allocate(4096, "p"));
  gpu::launch({.name = "past_the_end", .grid = 1, .block = 32}, past_the_end, p);
  device::release(p);  // waits for the kernel, must not throw: the error is kept
  CHECK_FAILS(device::synchronize(), "while releasing", "kernel 'past_the_end'");
  CHECK_NOTHROW(device::synchronize());
  CHECK(works());
}
