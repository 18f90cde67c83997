// The host half of gpu.hpp on the CUDA runtime; the only place, beside nvcc_launch.hpp, that calls it. Compiled with
// the toolkit's headers by any C++ compiler. The driver's one function (tensor maps) is found at run time, so that a
// program built here also starts where no driver is. Paper: none.
#include "gpu/host.hpp"

#include <cuda.h>
#include <cuda_runtime.h>

#include <map>
#include <mutex>
#include <set>
#include <vector>

#include "base/check.h"

namespace gpu {

namespace {

std::string reason(cudaError_t e) {
  std::string s = r1::cat(cudaGetErrorName(e), ", ", cudaGetErrorString(e));
  if (e == cudaErrorInsufficientDriver) {
    int driver = 0, runtime = 0;
    cudaDriverGetVersion(&driver);
    cudaRuntimeGetVersion(&runtime);
    if (driver == 0)
      return "no NVIDIA driver on this machine; build with -DR1_CUDA_EMULATED=ON to run kernels on the CPU";
    s += r1::cat(" (driver is for CUDA ", driver / 1000, ".", driver % 1000 / 10, ", this program needs ",
                 runtime / 1000, ".", runtime % 1000 / 10, ": install a newer driver)");
  }
  if (e == cudaErrorNoKernelImageForDevice)
    s += "; this program has no code for this GPU: build it with -DR1_CUDA_CHIPS set to its compute capability";
  return s;
}

template <class... A>
void check(cudaError_t e, const A&... what) {
  if (e == cudaSuccess) return;
  cudaGetLastError();  // a sticky error stays; any other is ours to report once
  r1::fail(what..., ": ", reason(e));
}

cudaStream_t raw(Stream s) { return static_cast<cudaStream_t>(s); }
cudaEvent_t raw_event(Event e) { return static_cast<cudaEvent_t>(e); }

cudaMemcpyKind kind(Copy c) {
  return c == Copy::kToDevice ? cudaMemcpyHostToDevice
         : c == Copy::kToHost ? cudaMemcpyDeviceToHost
                              : cudaMemcpyDeviceToDevice;
}
const char* name(Copy c) {
  return c == Copy::kToDevice ? "host to device" : c == Copy::kToHost ? "device to host" : "on the device";
}

int attribute(cudaDeviceAttr a, int device) {
  int v = 0;
  check(cudaDeviceGetAttribute(&v, a, device), "properties of device ", device);
  return v;
}

DeviceInfo query(int device) {
  cudaDeviceProp p{};
  check(cudaGetDeviceProperties(&p, device), "properties of device ", device);
  DeviceInfo d;
  d.name = p.name;
  d.major = p.major;
  d.minor = p.minor;
  d.multiprocessors = p.multiProcessorCount;
  d.memory_bytes = p.totalGlobalMem;
  d.l2_bytes = size_t(p.l2CacheSize);
  d.smem_per_block = p.sharedMemPerBlockOptin;
  d.smem_per_multiprocessor = p.sharedMemPerMultiprocessor;
  d.threads_per_multiprocessor = p.maxThreadsPerMultiProcessor;
  d.clock_khz = attribute(cudaDevAttrClockRate, device);
  d.memory_clock_khz = attribute(cudaDevAttrMemoryClockRate, device);
  d.bus_bits = p.memoryBusWidth;
  d.cooperative = attribute(cudaDevAttrCooperativeLaunch, device) != 0;
  cudaDriverGetVersion(&d.driver_version);
  cudaRuntimeGetVersion(&d.runtime_version);
  return d;
}

}  // namespace

int device_count() {
  int n = 0;
  if (cudaGetDeviceCount(&n) == cudaSuccess) return n;
  cudaGetLastError();
  return 0;
}
std::string no_device_reason() {
  int n = 0;
  const cudaError_t e = cudaGetDeviceCount(&n);
  cudaGetLastError();
  return e != cudaSuccess ? reason(e) : n == 0 ? "no CUDA device" : "";
}
void set_device(int device) {
  if (device_count() == 0) r1::fail("device ", device, ": ", no_device_reason());
  check(cudaSetDevice(device), "device ", device, " of ", device_count());
}
int current_device() {
  int d = 0;
  check(cudaGetDevice(&d), "current device");
  return d;
}
const DeviceInfo& device_info(int device) {
  static std::mutex mutex;
  static std::map<int, DeviceInfo> known;
  const std::lock_guard<std::mutex> lock(mutex);
  const auto i = known.find(device);
  return i != known.end() ? i->second : known.emplace(device, query(device)).first->second;
}
size_t free_memory() {
  size_t free = 0, total = 0;
  check(cudaMemGetInfo(&free, &total), "free device memory");
  return free;
}

void* malloc_device(size_t bytes, const char* what) {
  void* p = nullptr;
  const cudaError_t e = cudaMalloc(&p, bytes ? bytes : 1);
  if (e == cudaErrorMemoryAllocation) {
    cudaGetLastError();
    r1::fail("out of device memory: ", what, " needs ", bytes, " bytes, ", free_memory(), " of ",
             device_info(current_device()).memory_bytes, " are free; expected a smaller batch or model");
  }
  check(e, "malloc_device of ", bytes, " bytes for ", what);
  return p;
}
void free_device(void* p) { check(cudaFree(p), "free_device(", p, ")"); }
void* malloc_pinned(size_t bytes, const char* what) {
  void* p = nullptr;
  check(cudaMallocHost(&p, bytes ? bytes : 1), "malloc_pinned of ", bytes, " bytes for ", what);
  return p;
}
void free_pinned(void* p) { check(cudaFreeHost(p), "free_pinned(", p, ")"); }

void copy(void* dst, const void* src, size_t bytes, Copy direction) {
  check(cudaMemcpy(dst, src, bytes, kind(direction)), "copy of ", bytes, " bytes ", name(direction));
}
void copy_async(void* dst, const void* src, size_t bytes, Copy direction, Stream s) {
  check(cudaMemcpyAsync(dst, src, bytes, kind(direction), raw(s)), "copy of ", bytes, " bytes ", name(direction));
}
void fill_async(void* p, int byte, size_t bytes, Stream s) {
  check(cudaMemsetAsync(p, byte, bytes, raw(s)), "fill of ", bytes, " bytes");
}

Stream create_stream() {
  cudaStream_t s = nullptr;
  check(cudaStreamCreateWithFlags(&s, cudaStreamNonBlocking), "create_stream");
  return s;
}
void destroy_stream(Stream s) { check(cudaStreamDestroy(raw(s)), "destroy_stream"); }
namespace {
/// Which kernel it was is not known: its error shows where somebody waits.
void check_wait(cudaError_t e, const char* call) {
  const bool ran = e != cudaErrorInsufficientDriver && e != cudaErrorNoDevice;
  check(e, call, ran ? ": an earlier kernel or copy failed (the emulated build or compute-sanitizer tells which)" : "");
}
}  // namespace
void sync_stream(Stream s) { check_wait(cudaStreamSynchronize(raw(s)), "sync_stream"); }
void sync_device() { check_wait(cudaDeviceSynchronize(), "sync_device"); }

Event create_event() {
  cudaEvent_t e = nullptr;
  check(cudaEventCreate(&e), "create_event");
  return e;
}
void destroy_event(Event e) { check(cudaEventDestroy(raw_event(e)), "destroy_event"); }
void record_event(Event e, Stream s) { check(cudaEventRecord(raw_event(e), raw(s)), "record_event"); }
void wait_event(Stream s, Event e) { check(cudaStreamWaitEvent(raw(s), raw_event(e), 0), "wait_event"); }
void sync_event(Event e) { check_wait(cudaEventSynchronize(raw_event(e)), "sync_event"); }
bool event_done(Event e) {
  const cudaError_t r = cudaEventQuery(raw_event(e));
  if (r == cudaErrorNotReady) return false;
  check(r, "event_done");
  return true;
}
float elapsed_ms(Event begin, Event end) {
  float ms = 0;
  check(cudaEventElapsedTime(&ms, raw_event(begin), raw_event(end)), "elapsed_ms");
  return ms;
}

void check_launch(const char* kernel) { check(cudaGetLastError(), "kernel '", kernel, "'"); }

namespace detail {

void fail_launch(const Launch& c, int error) {
  cudaGetLastError();
  const auto e = cudaError_t(error);
  const bool too_much =
      e == cudaErrorInvalidConfiguration || e == cudaErrorInvalidValue || e == cudaErrorLaunchOutOfResources;
  r1::fail("launch of kernel '", c.name, "', grid (", c.grid.x, ",", c.grid.y, ",", c.grid.z, "), block (", c.block.x,
           ",", c.block.y, ",", c.block.z, "), ", c.smem, " bytes of shared memory: ", reason(e),
           too_much ? r1::cat("; expected at most 1024 threads a block and ",
                              device_info(current_device()).smem_per_block, " bytes of shared memory")
                    : "");
}

void allow_smem(const void* kernel, const Launch& c) {
  static std::mutex mutex;
  static std::map<std::pair<const void*, int>, size_t> allowed;  // per kernel and device
  const std::lock_guard<std::mutex> lock(mutex);
  size_t& now = allowed[{kernel, current_device()}];
  if (now >= c.smem) return;
  const cudaError_t e = cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, int(c.smem));
  if (e != cudaSuccess) fail_launch(c, int(e));
  now = c.smem;
}

}  // namespace detail

TensorMap make_tensor_map(const TensorMapArgs& a, const char* what) {
  using Encode = decltype(&cuTensorMapEncodeTiled);
  static const Encode encode = [] {
    void* f = nullptr;
    cudaDriverEntryPointQueryResult found{};
    check(cudaGetDriverEntryPointByVersion("cuTensorMapEncodeTiled", &f, 12000, cudaEnableDefault, &found),
          "tensor maps");
    if (found != cudaDriverEntryPointSuccess)
      r1::fail("tensor maps: the driver has none, expected a driver for CUDA 12");
    return reinterpret_cast<Encode>(f);
  }();
  static_assert(sizeof(CUtensorMap) == sizeof(TensorMap) && alignof(CUtensorMap) <= alignof(TensorMap));
  static const CUtensorMapDataType types[] = {CU_TENSOR_MAP_DATA_TYPE_BFLOAT16, CU_TENSOR_MAP_DATA_TYPE_FLOAT16,
                                              CU_TENSOR_MAP_DATA_TYPE_FLOAT32, CU_TENSOR_MAP_DATA_TYPE_UINT8};
  static const CUtensorMapSwizzle swizzles[] = {CU_TENSOR_MAP_SWIZZLE_NONE, CU_TENSOR_MAP_SWIZZLE_32B,
                                                CU_TENSOR_MAP_SWIZZLE_64B, CU_TENSOR_MAP_SWIZZLE_128B};
  const cuuint32_t element_strides[5] = {1, 1, 1, 1, 1};
  cuuint64_t size[5], stride[4];
  for (int i = 0; i < 5; ++i) size[i] = a.size[i];
  for (int i = 0; i < 4; ++i) stride[i] = a.stride_bytes[i];
  TensorMap out{};
  const CUresult r = encode(reinterpret_cast<CUtensorMap*>(&out), types[int(a.type)], cuuint32_t(a.rank), a.base, size,
                            stride, a.box, element_strides, CU_TENSOR_MAP_INTERLEAVE_NONE, swizzles[int(a.swizzle)],
                            CU_TENSOR_MAP_L2_PROMOTION_L2_128B, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
  if (r != CUDA_SUCCESS)
    r1::fail("tensor map of ", what, ": error ", int(r), " for rank ", a.rank, ", size ", a.size[0], " x ", a.size[1],
             ", stride ", a.stride_bytes[0], " bytes (a multiple of 16), box ", a.box[0], " x ", a.box[1],
             " (at most 256 each)");
  return out;
}

}  // namespace gpu
