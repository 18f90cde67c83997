// nvcc back end: launching a kernel by function pointer, so that host code has no <<<>>> and one place that reports.
// Paper: none.
#pragma once
#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "base/check.h"
#include "gpu/host.hpp"
#include "gpu/nvcc_core.hpp"

namespace gpu {

namespace detail {
/// "rmsnorm_fwd <<<(8,1,1), (256,1,1), 1024 bytes>>>: reason; what was expected".
[[noreturn]] void fail_launch(const Launch& c, int error);
/// Raises the kernel's limit of dynamic shared memory the first time it is asked for more than before: static and
/// dynamic together may pass 48 KiB only then, and the static part is not known here.
void allow_smem(const void* kernel, const Launch& c);

template <class Args, size_t... I>
void launch_raw(const Launch& c, const void* kernel, Args& args, std::index_sequence<I...>) {
  void* pointers[] = {static_cast<void*>(&std::get<I>(args))..., nullptr};
  if (c.smem > 0) allow_smem(kernel, c);
  cudaLaunchConfig_t config{};
  config.gridDim = dim3(c.grid.x, c.grid.y, c.grid.z);
  config.blockDim = dim3(c.block.x, c.block.y, c.block.z);
  config.dynamicSmemBytes = c.smem;
  config.stream = static_cast<cudaStream_t>(c.stream);
  cudaLaunchAttribute attributes[3];
  if (c.cooperative) {
    attributes[config.numAttrs].id = cudaLaunchAttributeCooperative;
    attributes[config.numAttrs++].val.cooperative = 1;
  }
  if (c.cluster > 1) {
    attributes[config.numAttrs].id = cudaLaunchAttributeClusterDimension;
    attributes[config.numAttrs].val.clusterDim = {c.cluster, 1, 1};
    ++config.numAttrs;
  }
  if (c.early && device_info(current_device()).major >= 9) {
    attributes[config.numAttrs].id = cudaLaunchAttributeProgrammaticStreamSerialization;
    attributes[config.numAttrs++].val.programmaticStreamSerializationAllowed = 1;
  }
  config.attrs = attributes;
  const cudaError_t e = cudaLaunchKernelExC(&config, kernel, pointers);
  if (e != cudaSuccess) fail_launch(c, int(e));
}
}  // namespace detail

/// Queues the kernel on c.stream. Arguments are converted to the kernel's parameter types here, on the host.
template <class... P, class... A>
void launch(const Launch& c, void (*kernel)(P...), const A&... a) {
  static_assert(sizeof...(P) == sizeof...(A), "as many arguments as the kernel has parameters");
  count_launch();
  std::tuple<std::remove_cv_t<P>...> args(static_cast<std::remove_cv_t<P>>(a)...);
  detail::launch_raw(c, reinterpret_cast<const void*>(kernel), args, std::index_sequence_for<P...>{});
}

/// Blocks of `kernel` that fit a multiprocessor at once: a cooperative grid is at most this times multiprocessors.
template <class... P>
int resident_blocks(void (*kernel)(P...), int block, size_t smem) {
  int n = 0;
  Launch c;
  c.smem = smem;
  if (smem > 0) detail::allow_smem(reinterpret_cast<const void*>(kernel), c);
  const cudaError_t e = cudaOccupancyMaxActiveBlocksPerMultiprocessor(&n, kernel, block, smem);
  if (e != cudaSuccess) detail::fail_launch(c, int(e));
  return n;
}

/// Clusters of a launch that fit the device at once: fewer than multiprocessors / cluster where a group of
/// multiprocessors that share one has an odd number of them.
template <class... P>
int resident_clusters(void (*kernel)(P...), const Launch& c) {
  if (c.smem > 0) detail::allow_smem(reinterpret_cast<const void*>(kernel), c);
  cudaLaunchConfig_t config{};
  config.gridDim = dim3(c.cluster);
  config.blockDim = dim3(c.block.x, c.block.y, c.block.z);
  config.dynamicSmemBytes = c.smem;
  cudaLaunchAttribute attribute{};
  attribute.id = cudaLaunchAttributeClusterDimension;
  attribute.val.clusterDim = {c.cluster, 1, 1};
  config.attrs = &attribute;
  config.numAttrs = 1;
  int n = 0;
  const cudaError_t e = cudaOccupancyMaxActiveClusters(&n, kernel, &config);
  if (e != cudaSuccess) detail::fail_launch(c, int(e));
  return n;
}

}  // namespace gpu
