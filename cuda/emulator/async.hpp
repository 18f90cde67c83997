// What mbarriers, TMA and wgmma share. Private to cuda/emulator. Paper: none.
#pragma once
#include "emulator/state.hpp"

namespace gpu::emu {

MbarState& mbar_state(Mbar* b, Site at);
/// Error if no fence of its maker told TMA and other blocks that it exists.
void check_published(Mbar* b, const char* what, Site at);
/// fence_mbar_init or fence_proxy_async of this thread.
void publish_mbars(const Fiber& f);
/// A bulk copy of these bytes has landed; `from`: what its issuer knew.
void mbar_complete_bytes(Mbar* b, size_t bytes, const race::Sync& from);
/// The same offset in the shared memory of block `rank` of the cluster.
void* in_cluster(Fiber& f, void* p, uint32_t rank, Site at);

/// Error if generic writes to these bytes of shared memory were not made visible to the async proxy.
void check_proxy(Fiber& f, const void* p, size_t bytes, const char* what, Site at);
/// The async proxy itself wrote them.
void proxy_wrote(const void* p, size_t bytes);

/// TensorMap as the emulator packs it.
struct TileMap {
  uint64_t tag;
  std::byte* base;
  uint64_t stride[4];
  uint32_t size[5];
  uint16_t box[5];
  uint8_t rank, type, swizzle, pad;
};
static_assert(sizeof(TileMap) <= sizeof(TensorMap));
constexpr uint64_t kTileMapTag = 0x544d41204d415021ull;

/// Where byte address `a` of shared memory lies after the XOR of a swizzle: bits 4..6 with bits 7..9.
constexpr size_t swizzled(size_t a, Swizzle s) {
  const size_t mask = s == Swizzle::k128 ? 7 : s == Swizzle::k64 ? 3 : s == Swizzle::k32 ? 1 : 0;
  return a ^ (((a >> 7) & mask) << 4);
}

}  // namespace gpu::emu
