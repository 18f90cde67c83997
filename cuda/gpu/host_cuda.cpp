// The host half of gpu.hpp on the CUDA runtime: devices, memory, copies, streams, events, tensor maps, launch errors.
// The driver's encoder of tensor maps is asked for at run time, so that nothing but the runtime is linked.
// Paper: none.
#include <cuda.h>
#include <cuda_runtime.h>

#include <map>
#include <mutex>
#include <set>

#include "base/check.h"
#include "gpu/host.hpp"

namespace gpu {

namespace {

std::string reason(cudaError_t e) { return r1::cat(cudaGetErrorString(e), " (", cudaGetErrorName(e), ")"); }
void check(cudaError_t e, const std::string& call) {
  if (e == cudaSuccess) return;
  cudaGetLastError();
  r1::fail(call, ": ", reason(e));
}
cudaStream_t stream_of(Stream s) { return static_cast<cudaStream_t>(s); }
cudaEvent_t event_of(Event e) { return static_cast<cudaEvent_t>(e); }

int attribute(cudaDeviceAttr a, int device) {
  int v = 0;
  check(cudaDeviceGetAttribute(&v, a, device), "device attribute");
  return v;
}

DeviceInfo read_info(int device) {
  cudaDeviceProp p{};
  check(cudaGetDeviceProperties(&p, device), r1::cat("properties of device ", device));
  DeviceInfo i;
  i.name = p.name, i.major = p.major, i.minor = p.minor, i.multiprocessors = p.multiProcessorCount;
  i.memory_bytes = p.totalGlobalMem, i.l2_bytes = size_t(p.l2CacheSize);
  i.smem_per_block = p.sharedMemPerBlockOptin, i.smem_per_multiprocessor = p.sharedMemPerMultiprocessor;
  i.threads_per_multiprocessor = p.maxThreadsPerMultiProcessor;
  i.clock_khz = attribute(cudaDevAttrClockRate, device);
  i.memory_clock_khz = attribute(cudaDevAttrMemoryClockRate, device);
  i.bus_bits = attribute(cudaDevAttrGlobalMemoryBusWidth, device);
  check(cudaDriverGetVersion(&i.driver_version), "driver version");
  check(cudaRuntimeGetVersion(&i.runtime_version), "runtime version");
  i.cooperative = p.cooperativeLaunch != 0;
  return i;
}

}  // namespace

int device_count() {
  int n = 0;
  if (cudaGetDeviceCount(&n) != cudaSuccess) {
    cudaGetLastError();
    return 0;
  }
  return n;
}
std::string no_device_reason() {
  int n = 0, driver = 0, runtime = 0;
  const cudaError_t e = cudaGetDeviceCount(&n);
  cudaGetLastError();
  cudaDriverGetVersion(&driver);
  cudaRuntimeGetVersion(&runtime);
  if (e == cudaErrorInsufficientDriver || (driver > 0 && driver < runtime))
    return r1::cat("the driver is for CUDA ", driver / 1000, ".", driver % 1000 / 10, ", expected at least ",
                   runtime / 1000, ".", runtime % 1000 / 10);
  return e == cudaSuccess ? "no device found" : reason(e);
}
void set_device(int device) { check(cudaSetDevice(device), r1::cat("select device ", device)); }
int current_device() {
  int d = 0;
  check(cudaGetDevice(&d), "current device");
  return d;
}
const DeviceInfo& device_info(int device) {
  static std::mutex lock;
  static std::map<int, DeviceInfo> known;
  const std::lock_guard<std::mutex> hold(lock);
  auto it = known.find(device);
  if (it == known.end()) it = known.emplace(device, read_info(device)).first;
  return it->second;
}
size_t free_memory() {
  size_t free = 0, total = 0;
  check(cudaMemGetInfo(&free, &total), "free memory");
  return free;
}

void* malloc_device(size_t bytes, const char* what) {
  void* p = nullptr;
  const cudaError_t e = cudaMalloc(&p, bytes == 0 ? 1 : bytes);
  if (e == cudaSuccess) return p;
  cudaGetLastError();
  if (e != cudaErrorMemoryAllocation) r1::fail("allocate ", bytes, " bytes for ", what, ": ", reason(e));
  r1::fail("out of device memory: ", what, " wants ", bytes >> 20, " MiB, ", free_memory() >> 20, " of ",
           device_info(current_device()).memory_bytes >> 20, " MiB are free: make the batch or the model smaller");
}
void free_device(void* p) { cudaFree(p); }
void* malloc_pinned(size_t bytes, const char* what) {
  void* p = nullptr;
  check(cudaMallocHost(&p, bytes == 0 ? 1 : bytes), r1::cat("allocate ", bytes, " pinned bytes for ", what));
  return p;
}
void free_pinned(void* p) { cudaFreeHost(p); }

namespace {
cudaMemcpyKind kind_of(Copy d) {
  return d == Copy::kToDevice ? cudaMemcpyHostToDevice : d == Copy::kToHost ? cudaMemcpyDeviceToHost : cudaMemcpyDeviceToDevice;
}
}  // namespace

void copy(void* dst, const void* src, size_t bytes, Copy direction) {
  check(cudaMemcpy(dst, src, bytes, kind_of(direction)), r1::cat("copy of ", bytes, " bytes"));
}
void copy_async(void* dst, const void* src, size_t bytes, Copy direction, Stream s) {
  check(cudaMemcpyAsync(dst, src, bytes, kind_of(direction), stream_of(s)), r1::cat("copy of ", bytes, " bytes"));
}
void fill_async(void* p, int byte, size_t bytes, Stream s) {
  check(cudaMemsetAsync(p, byte, bytes, stream_of(s)), r1::cat("fill of ", bytes, " bytes"));
}

Stream create_stream() {
  cudaStream_t s = nullptr;
  check(cudaStreamCreateWithFlags(&s, cudaStreamNonBlocking), "create a stream");
  return s;
}
void destroy_stream(Stream s) { cudaStreamDestroy(stream_of(s)); }
void sync_stream(Stream s) { check(cudaStreamSynchronize(stream_of(s)), "wait for a stream"); }
void sync_device() { check(cudaDeviceSynchronize(), "wait for the device"); }

Event create_event() {
  cudaEvent_t e = nullptr;
  check(cudaEventCreate(&e), "create an event");
  return e;
}
void destroy_event(Event e) { cudaEventDestroy(event_of(e)); }
void record_event(Event e, Stream s) { check(cudaEventRecord(event_of(e), stream_of(s)), "record an event"); }
void wait_event(Stream s, Event e) { check(cudaStreamWaitEvent(stream_of(s), event_of(e), 0), "wait for an event"); }
void sync_event(Event e) { check(cudaEventSynchronize(event_of(e)), "wait for an event"); }
bool event_done(Event e) {
  const cudaError_t r = cudaEventQuery(event_of(e));
  if (r == cudaErrorNotReady) return false;
  check(r, "query an event");
  return true;
}
float elapsed_ms(Event begin, Event end) {
  float ms = 0;
  check(cudaEventElapsedTime(&ms, event_of(begin), event_of(end)), "time between events");
  return ms;
}

void check_launch(const char* name) { check(cudaGetLastError(), name); }

namespace detail {
[[noreturn]] void fail_launch(const Launch& c, int error);
void allow_smem(const void* kernel, const Launch& c);

void fail_launch(const Launch& c, int error) {
  cudaGetLastError();
  r1::fail(c.name, " <<<(", c.grid.x, ", ", c.grid.y, ", ", c.grid.z, "), (", c.block.x, ", ", c.block.y, ", ", c.block.z,
           "), ", c.smem, " bytes>>>: ", reason(static_cast<cudaError_t>(error)));
}
void allow_smem(const void* kernel, const Launch& c) {
  static std::mutex lock;
  static std::map<const void*, size_t> allowed;
  const std::lock_guard<std::mutex> hold(lock);
  size_t& have = allowed[kernel];
  if (have >= c.smem) return;
  const cudaError_t e = cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, int(c.smem));
  if (e != cudaSuccess) fail_launch(c, int(e));
  have = c.smem;
}
}  // namespace detail

TensorMap make_tensor_map(const TensorMapArgs& a, const char* what) {
  static const auto encode = [] {
    void* f = nullptr;
    cudaDriverEntryPointQueryResult found{};
    check(cudaGetDriverEntryPointByVersion("cuTensorMapEncodeTiled", &f, 12000, cudaEnableDefault, &found),
          "cuTensorMapEncodeTiled");
    if (found != cudaDriverEntryPointSuccess) r1::fail("the driver has no cuTensorMapEncodeTiled, expected CUDA 12 or newer");
    return reinterpret_cast<CUresult (*)(CUtensorMap*, CUtensorMapDataType, cuuint32_t, void*, const cuuint64_t*,
                                         const cuuint64_t*, const cuuint32_t*, const cuuint32_t*, CUtensorMapInterleave,
                                         CUtensorMapSwizzle, CUtensorMapL2promotion, CUtensorMapFloatOOBfill)>(f);
  }();
  const CUtensorMapDataType types[] = {CU_TENSOR_MAP_DATA_TYPE_BFLOAT16, CU_TENSOR_MAP_DATA_TYPE_FLOAT16,
                                       CU_TENSOR_MAP_DATA_TYPE_FLOAT32, CU_TENSOR_MAP_DATA_TYPE_UINT8};
  const CUtensorMapSwizzle swizzles[] = {CU_TENSOR_MAP_SWIZZLE_NONE, CU_TENSOR_MAP_SWIZZLE_32B,
                                         CU_TENSOR_MAP_SWIZZLE_64B, CU_TENSOR_MAP_SWIZZLE_128B};
  cuuint64_t size[5], stride[4];
  cuuint32_t box[5], one[5] = {1, 1, 1, 1, 1};
  for (int i = 0; i < 5; ++i) size[i] = a.size[i], box[i] = a.box[i];
  for (int i = 0; i < 4; ++i) stride[i] = a.stride_bytes[i];
  TensorMap map;
  static_assert(sizeof(TensorMap) == sizeof(CUtensorMap));
  const CUresult e = encode(reinterpret_cast<CUtensorMap*>(&map), types[int(a.type)], cuuint32_t(a.rank), a.base, size,
                            stride, box, one, CU_TENSOR_MAP_INTERLEAVE_NONE, swizzles[int(a.swizzle)],
                            CU_TENSOR_MAP_L2_PROMOTION_L2_256B, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
  if (e != CUDA_SUCCESS)
    r1::fail("tensor map of ", what, " [", a.size[1], ", ", a.size[0], "], row stride ", a.stride_bytes[0], " bytes, box [",
             a.box[1], ", ", a.box[0], "]: driver error ", int(e), "; expected 16-byte aligned base and strides");
  return map;
}

}  // namespace gpu
