// The host half of gpu.hpp: memory, copies, streams, events, device properties, a library GEMM to compare with. Plain
// C++, so src/ and tests can include it without a CUDA header. Implemented by gpu/host_cuda.cpp on the CUDA runtime and
// by emulator/host_*.cpp on the emulator. Every function throws r1::Error: one line with the call, the sizes and what
// was expected. Trap: copies named *_async need the caller to keep both sides alive until the stream has passed them.
// Paper: none.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

#include "gpu/types.hpp"

namespace gpu {

struct DeviceInfo {
  std::string name;
  int major = 0, minor = 0;  ///< compute capability
  int multiprocessors = 0;
  size_t memory_bytes = 0, l2_bytes = 0;
  size_t smem_per_block = 0;  ///< the most dynamic shared memory a block may ask for
  size_t smem_per_multiprocessor = 0;
  int threads_per_multiprocessor = 0;
  int clock_khz = 0, memory_clock_khz = 0, bus_bits = 0;  ///< 0: unknown
  int driver_version = 0, runtime_version = 0;
  bool cooperative = false;
  bool emulated = false;
};

/// Usable devices; 0 without a driver or a device (no error). Why there is none: no_device_reason().
int device_count();
std::string no_device_reason();
void set_device(int device);
int current_device();
const DeviceInfo& device_info(int device);
size_t free_memory();

/// `what` names the buffer in the message about exhausted memory.
void* malloc_device(size_t bytes, const char* what = "buffer");
void free_device(void* p);
void* malloc_pinned(size_t bytes, const char* what = "pinned buffer");
void free_pinned(void* p);

enum class Copy : uint8_t { kToDevice, kToHost, kOnDevice };
void copy(void* dst, const void* src, size_t bytes, Copy direction);  ///< waits
void copy_async(void* dst, const void* src, size_t bytes, Copy direction, Stream s);
void fill_async(void* p, int byte, size_t bytes, Stream s);

Stream create_stream();
void destroy_stream(Stream s);
void sync_stream(Stream s);
void sync_device();

Event create_event();
void destroy_event(Event e);
void record_event(Event e, Stream s);
void wait_event(Stream s, Event e);  ///< work queued on s from now on waits for e
void sync_event(Event e);
bool event_done(Event e);
float elapsed_ms(Event begin, Event end);  ///< both recorded and done

/// Throws if the launch just made, or anything before it, has failed. `name` is the kernel's.
void check_launch(const char* name);

TensorMap make_tensor_map(const TensorMapArgs& a, const char* what = "tensor");

/// C [m, n] = A [m, k] B, row-major, float accumulation, by cuBLASLt with the best of its heuristics (32 MiB
/// workspace); B is [k, n], or [n, k] if `b_transposed`. A peer for benchmarks and tests; no training path calls it.
struct LibraryGemm {
  int64_t m = 0, n = 0, k = 0;
  TileType type = TileType::kBf16;    ///< of A and B
  TileType c_type = TileType::kBf16;  ///< of C
  bool b_transposed = true;
};
void library_gemm(const LibraryGemm& g, void* c, const void* a, const void* b, Stream s);
bool has_library_gemm();

}  // namespace gpu
