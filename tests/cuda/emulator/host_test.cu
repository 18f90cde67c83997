// Streams, events and copies: late, interleaved, and checked for direction and extent.
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "support.hpp"

using namespace emu_test;

namespace {

GPU_KERNEL(32) void add_one(float* p, int n) {
  for (int i = gpu::tid(); i < n; i += 32) p[i] += 1;
}
GPU_KERNEL(32) void twice(float* p, int n) {
  for (int i = gpu::tid(); i < n; i += 32) p[i] *= 2;
}

}  // namespace

TEST_CASE("a stream keeps its order; without an event two streams have none") {
  const Fresh fresh;
  int different = 0;
  for (uint64_t seed = 0; seed < 24; ++seed) {
    const Buffer<float> b(std::vector<float>(8, 1.0f), "b");
    const gpu::Stream s = gpu::create_stream(), t = gpu::create_stream();
    const gpu::Event e = gpu::create_event();
    gpu::launch({.name = "add_one", .grid = 1, .block = 32, .stream = s}, add_one, b.p, 8);
    gpu::record_event(e, s);
    gpu::wait_event(t, e);
    gpu::launch({.name = "twice", .grid = 1, .block = 32, .stream = t}, twice, b.p, 8);
    gpu::sync_stream(t);
    CHECK(gpu::event_done(e));
    CHECK(b.read()[3] == 4.0f);  // (1 + 1) * 2
    gpu::launch({.name = "add_one", .grid = 1, .block = 32, .stream = s}, add_one, b.p, 8);
    gpu::launch({.name = "twice", .grid = 1, .block = 32, .stream = t}, twice, b.p, 8);
    gpu::sync_device();
    const float r = b.read()[3];
    CHECK((r == 9.0f || r == 10.0f));
    different += r == 9.0f;
    gpu::destroy_event(e);
    gpu::destroy_stream(s);
    gpu::destroy_stream(t);
  }
  CHECK(different > 0);
  CHECK(different < 24);
}

TEST_CASE("queued work waits: a copy that nobody waited for has not happened") {
  const Fresh fresh;
  const Buffer<float> b(std::vector<float>(4, 1.0f), "b");
  const gpu::Stream s = gpu::create_stream();
  float host[4] = {5, 6, 7, 8}, back[4] = {};
  gpu::copy_async(b.p, host, sizeof host, gpu::Copy::kToDevice, s);
  host[0] = 50;  // too early: the copy has not been waited for, and sees it
  gpu::copy_async(back, b.p, sizeof back, gpu::Copy::kToHost, s);
  CHECK(back[0] == 0.0f);
  CHECK(b.read()[0] == 1.0f);  // the default stream does not wait for s
  gpu::sync_stream(s);
  CHECK(back[0] == 50.0f);
  gpu::fill_async(b.p, 0, 16, s);
  gpu::sync_stream(s);
  CHECK(b.read()[2] == 0.0f);
  gpu::destroy_stream(s);
  CHECK_FAILS(gpu::sync_stream(s), "does not exist");
}

TEST_CASE("copies in the wrong direction or past the end are refused") {
  const Fresh fresh;
  const Buffer<float> b(4, "b");
  std::vector<float> h(8);
  CHECK_FAILS(gpu::copy(h.data(), b.p, 16, gpu::Copy::kToDevice), "host to device", "destination is host address",
              "expected device");
  CHECK_FAILS(gpu::copy(b.p, h.data(), 16, gpu::Copy::kToHost), "device to host", "expected host memory");
  CHECK_FAILS(gpu::copy(b.p, h.data(), 16, gpu::Copy::kOnDevice), "source is host address");
  CHECK_FAILS(gpu::copy(b.p, h.data(), 20, gpu::Copy::kToDevice), "20 bytes", "ends outside",
              "byte 0 of buffer 'b' (16 bytes)");
  CHECK_FAILS(gpu::copy(h.data(), b.p + 2, 12, gpu::Copy::kToHost), "ends outside");
  CHECK_FAILS(gpu::fill_async(b.p, 0, 17, nullptr), "fill", "ends outside");
  CHECK_FAILS(gpu::set_device(1), "device 1");
}

TEST_CASE("an error of a kernel is thrown where it is waited for, once") {
  const Fresh fresh;
  const Buffer<float> b(4, "b");
  gpu::launch({.name = "add_one", .grid = 1, .block = 32}, add_one, b.p, 100000);
  CHECK_THROWS_AS(gpu::sync_device(), r1::Error);
  CHECK_NOTHROW(gpu::sync_device());
}

TEST_CASE("the library GEMM's stand-in multiplies") {
  const Fresh fresh;
  REQUIRE(gpu::has_library_gemm());
  const Buffer<float> a(std::vector<float>{1, 2, 3, 4, 5, 6}, "a"), b(std::vector<float>{1, 0, 1, 2, 1, 0}, "b"),
      c(4, "c");
  gpu::library_gemm({.m = 2, .n = 2, .k = 3, .type = gpu::TileType::kFloat, .c_type = gpu::TileType::kFloat}, c.p, a.p,
                    b.p, nullptr);
  CHECK(c.read() == std::vector<float>{4, 4, 10, 13});
  gpu::library_gemm(
      {.m = 2, .n = 2, .k = 3, .type = gpu::TileType::kFloat, .c_type = gpu::TileType::kFloat, .b_transposed = false},
      c.p, a.p, b.p, nullptr);
  CHECK(c.read() == std::vector<float>{6, 4, 15, 10});
  CHECK_FAILS(gpu::library_gemm({.m = 2, .n = 3, .k = 3, .type = gpu::TileType::kFloat}, c.p, a.p, b.p, nullptr),
              "B needs 36 bytes");
}

TEST_CASE("several host threads may use the device at once") {
  const Fresh fresh;
  float results[4] = {};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {  // no Catch2 macros here: they are for one thread
      const gpu::Stream s = gpu::create_stream();
      auto* p = static_cast<float*>(gpu::malloc_device(32, "mine"));
      gpu::fill_async(p, 0, 32, s);
      for (int i = 0; i <= t; ++i) gpu::launch({.name = "add_one", .grid = 1, .block = 32, .stream = s}, add_one, p, 8);
      gpu::copy_async(&results[t], p, 4, gpu::Copy::kToHost, s);
      gpu::sync_stream(s);
    });
  for (std::thread& t : threads) t.join();
  for (int t = 0; t < 4; ++t) CHECK(results[t] == float(t + 1));
}

TEST_CASE("host code that touches device memory ends the program with a line that names the buffer") {
  int out[2];
  REQUIRE(pipe(out) == 0);
  const pid_t child = fork();
  if (child == 0) {
    dup2(out[1], 2);
    gpu::emu::options().hide_from_host = true;
    auto* p = static_cast<float*>(gpu::malloc_device(64, "weights"));
    const float fine[16] = {1, 2, 3};
    float back[16] = {};
    gpu::copy(p, fine, 64, gpu::Copy::kToDevice);
    gpu::fill_async(p + 8, 0, 32, nullptr);
    gpu::copy(back, p, 64, gpu::Copy::kToHost);
    if (back[2] != 3) _exit(7);
    volatile float x = p[2];  // what a GPU's driver would answer with a segmentation fault
    _exit(x == 3 ? 8 : 9);
  }
  close(out[1]);
  std::string text(256, '\0');
  text.resize(size_t(std::max<ssize_t>(0, read(out[0], text.data(), text.size()))));
  close(out[0]);
  int status = 0;
  waitpid(child, &status, 0);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 1);
  CHECK_THAT(text, ContainsSubstring("host code touched device memory: byte 8 of buffer 'weights' (64 bytes)"));
}
