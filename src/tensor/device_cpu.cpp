// The device of a build without CUDA: there is none, and every call says so. Paper: none.
#include "kernels/device.h"

#include "base/check.h"
#include "kernels/kernel_bench.h"

#ifndef R1_CUDA
namespace r1::device {

[[noreturn]] static void none(const char* call) {
  fail(call,
       ": built without CUDA: configure with --preset cuda (a GPU) or --preset cuda-emulated, or use --device cpu");
}

bool available() { return false; }
Info info() { none("device info"); }
void* allocate(size_t bytes, const char* what) { none(cat("allocate ", bytes, " bytes for ", what).c_str()); }
void release(void*) noexcept {}
void to_device(void*, const void*, size_t, void*) { none("copy to the device"); }
void to_host(void*, const void*, size_t, void*) { none("copy to the host"); }
void zero(void*, size_t, void*) { none("zero device memory"); }
void copy(void*, const void*, size_t, void*) { none("copy on the device"); }
void* make_stream() { none("make a stream"); }
void release_stream(void*) noexcept {}
void synchronize(void*) { none("synchronize"); }
Event::Event() { none("make an event"); }
Event::~Event() = default;
void Event::record(void*) {}
float Event::since(const Event&) const { return 0; }

}  // namespace r1::device

namespace r1 {
int run_kernel_bench(const KernelBenchOptions&) {
  fail(
      "r1 bench cuda: built without CUDA: configure with --preset cuda (a GPU) or --preset cuda-emulated (none "
      "needed)");
}
}  // namespace r1
#endif
