// Emulator back end: launch() packs kernel and arguments into one closure per grid and queues it (gpu/nvcc_launch.hpp).
// Paper: none.
#pragma once
#include <functional>
#include <tuple>

#include "emulator/api.hpp"
#include "gpu/host.hpp"

namespace gpu {

namespace emu {
/// Checks limits, then queues; `body` runs the kernel once, as the thread that is current.
void queue_kernel(const Launch& c, std::function<void()> body);
int resident_blocks(int block, size_t smem);
}  // namespace emu

template <class... P, class... A>
void launch(const Launch& c, void (*kernel)(P...), const A&... a) {
  static_assert(sizeof...(P) == sizeof...(A), "as many arguments as the kernel has parameters");
  count_launch();
  std::tuple<std::remove_cv_t<P>...> args(static_cast<std::remove_cv_t<P>>(a)...);
  emu::queue_kernel(c, [kernel, args] { std::apply(kernel, args); });
}

template <class... P>
int resident_blocks(void (*)(P...), int block, size_t smem) {
  return emu::resident_blocks(block, smem);
}
template <class... P>
int resident_clusters(void (*)(P...), const Launch& c) {
  return device_info(current_device()).multiprocessors / int(c.cluster);
}

}  // namespace gpu
