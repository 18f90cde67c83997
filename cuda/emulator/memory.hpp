// Device buffers and shared arenas of the emulator; see memory.cpp. Private to cuda/emulator. Paper: none.
#pragma once
#include <cstddef>
#include <string>

namespace gpu::emu {

struct Block;

constexpr int kPoison = 0xff;  ///< NaN in float, half and bf16; -1 as an integer

void* allocate(size_t bytes, const char* name);
void release(void* p);
void release_all();
size_t memory_in_use();
/// With options().hide_from_host, device memory can be touched only while one of these lives: kernels, copies and the
/// emulator's own work hold one. Costs two system calls a buffer.
class Visible {
 public:
  Visible();
  ~Visible();
  Visible(const Visible&) = delete;
  Visible& operator=(const Visible&) = delete;
};
/// Empty, or what was written outside the buffer that starts at p.
std::string zone_damage(const void* p);
/// All emulated memory lies in [range_base(), range_base() + range_bytes()).
const std::byte* range_base();
size_t range_bytes();
/// Quick form of place_of: the bytes lie inside one buffer or array.
bool inside_object(const void* p, size_t bytes);
Block* block_of(const void* shared);
/// Of one block on the device that is played: static and dynamic.
size_t max_smem();

}  // namespace gpu::emu
