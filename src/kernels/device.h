// Device memory, copies, streams and timing: the one place that allocates, copies and owns streams. A build with CUDA
// implements it in cuda/common/device.cpp; without, asking for the device is an error that says so
// (src/tensor/device_cpu.cpp). Every failure throws Error with one line: the call, the sizes and what to do.
// Paper: none.
#pragma once
#include <cstddef>
#include <string>

#include "base/types.h"

namespace r1::device {

struct Info {
  std::string name, driver, runtime;
  int major = 0, minor = 0;  ///< compute capability
  int sms = 0, clock_mhz = 0, memory_mhz = 0;
  size_t memory_bytes = 0, free_bytes = 0, l2_bytes = 0;
  bool emulated = false;
};

/// True if this build has CUDA (a GPU or the emulator) and a device answers.
bool available();
/// Throws if there is no device, it is too old (below 8.0) or the driver is too old.
Info info();

/// Device memory, aligned to 256 bytes. `what` names its use in the error that a full device gives.
void* allocate(size_t bytes, const char* what);
void release(void* p) noexcept;

/// Copies in stream order; host memory may be pageable. Blocks until a copy from or to pageable memory has been done.
void to_device(void* device, const void* host, size_t bytes, void* stream = nullptr);
void to_host(void* host, const void* device, size_t bytes, void* stream = nullptr);
/// Sets bytes of device memory to 0, in stream order.
void zero(void* p, size_t bytes, void* stream = nullptr);
/// Between two places of device memory that do not overlap.
void copy(void* to, const void* from, size_t bytes, void* stream = nullptr);

void* make_stream();
void release_stream(void* stream) noexcept;
/// Waits and throws what went wrong on the device since the last call, a failed launch included.
void synchronize(void* stream = nullptr);

/// A point in a stream.
class Event {
 public:
  Event();
  ~Event();
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  void record(void* stream = nullptr);
  /// Milliseconds from `begin` to this one; waits for both.
  float since(const Event& begin) const;

 private:
  void* event_ = nullptr;
};

}  // namespace r1::device
