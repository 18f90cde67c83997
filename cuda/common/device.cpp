// kernels/device.h for builds with CUDA: on the host half of gpu.hpp, which is a GPU or the emulator. Paper: none.
#include "kernels/device.h"

#include <cstdio>
#include <exception>
#include <mutex>
#include <string>
#include <utility>

#include "base/check.h"
#include "gpu/host.hpp"

namespace r1::device {

namespace {

std::mutex g_mutex;
std::string g_unreported;  ///< what went wrong where nothing may be thrown; synchronize() says it

/// For destructors. After a kernel has failed every call fails: then the first error is on its way already.
template <class F>
void without_throwing(const F& release) noexcept {
  try {
    release();
  } catch (const std::exception& e) {
    const std::lock_guard<std::mutex> lock(g_mutex);
    if (std::uncaught_exceptions() == 0 && g_unreported.empty()) g_unreported = e.what();
    std::fprintf(stderr, "r1: while releasing: %s\n", e.what());
  }
}

void report_earlier() {
  const std::lock_guard<std::mutex> lock(g_mutex);
  const std::string what = std::exchange(g_unreported, "");
  if (!what.empty()) fail("while releasing: ", what);
}

}  // namespace

bool available() { return gpu::device_count() > 0; }

Info info() {
  if (gpu::device_count() == 0) fail("no CUDA device: ", gpu::no_device_reason(), "; use --device cpu");
  const gpu::DeviceInfo& d = gpu::device_info(gpu::current_device());
  if (d.major < 8)
    fail("CUDA device ", d.name, " has compute capability ", d.major, ".", d.minor,
         ", expected at least 8.0; use --device cpu");
  const auto version = [](int v) { return cat(v / 1000, ".", v % 1000 / 10); };
  Info i;
  i.name = d.name;
  i.driver = version(d.driver_version), i.runtime = version(d.runtime_version);
  i.major = d.major, i.minor = d.minor, i.sms = d.multiprocessors;
  i.clock_mhz = d.clock_khz / 1000, i.memory_mhz = d.memory_clock_khz / 1000;
  i.memory_bytes = d.memory_bytes, i.free_bytes = gpu::free_memory(), i.l2_bytes = d.l2_bytes;
  i.emulated = d.emulated;
  return i;
}

void* allocate(size_t bytes, const char* what) { return gpu::malloc_device(bytes, what); }
void release(void* p) noexcept {
  if (p) without_throwing([p] { gpu::free_device(p); });
}
void to_device(void* device, const void* host, size_t bytes, void* stream) {
  if (stream) gpu::sync_stream(stream);
  gpu::copy(device, host, bytes, gpu::Copy::kToDevice);
}
void to_host(void* host, const void* device, size_t bytes, void* stream) {
  if (stream) gpu::sync_stream(stream);
  gpu::copy(host, device, bytes, gpu::Copy::kToHost);
}
void zero(void* p, size_t bytes, void* stream) { gpu::fill_async(p, 0, bytes, stream); }
void copy(void* to, const void* from, size_t bytes, void* stream) {
  gpu::copy_async(to, from, bytes, gpu::Copy::kOnDevice, stream);
}
void* make_stream() { return gpu::create_stream(); }
void release_stream(void* stream) noexcept {
  without_throwing([stream] { gpu::destroy_stream(stream); });
}
void synchronize(void* stream) {
  report_earlier();
  if (stream)
    gpu::sync_stream(stream);
  else
    gpu::sync_device();
}

Event::Event() : event_(gpu::create_event()) {}
Event::~Event() {
  without_throwing([this] { gpu::destroy_event(event_); });
}
void Event::record(void* stream) { gpu::record_event(event_, stream); }
float Event::since(const Event& begin) const {
  gpu::sync_event(event_);
  return gpu::elapsed_ms(begin.event_, event_);
}

}  // namespace r1::device
