// What kernel code calls in the emulator: thin declarations, so that a kernel compiled with any sanitizer shares no
// code with the emulator's own objects. device_*.hpp give these the names of gpu.hpp. Paper: none. Trap: g_self changes
// at every call that may switch fibers; never keep it in a local across one.
#pragma once
#include <cstddef>
#include <cstdint>

#include "gpu/types.hpp"

namespace gpu::emu {

/// Where in the kernel's source a call stands; taken by default arguments.
struct Site {
  const char* file = "?";
  int line = 0;
  static constexpr Site here(const char* file = __builtin_FILE(), int line = __builtin_LINE()) { return {file, line}; }
};

struct Index {
  uint32_t x, y, z;
};

/// The part of a fiber that kernels read.
struct Thread {
  Index thread_idx, block_idx, block_dim, grid_dim;
  int tid, block_size;
};
extern Thread* g_self;  ///< null outside kernels
[[noreturn]] void fail_on_host();
/// g_self, or an error that says a device function was called on the host.
inline Thread& self() {
  if (!g_self) [[unlikely]]
    fail_on_host();
  return *g_self;
}

// Barriers. Every call is a point where the scheduler may let any other thread run.
void block_sync(Site at);
int block_sync_count(bool p, Site at);
void named_sync(int id, int threads, bool wait, Site at);
void grid_sync(Site at);
void cluster_sync(Site at);
void griddep_launch(Site at);
void griddep_wait(Site at);
uint32_t cluster_rank();
void fence(Site at);
void yield(Site at);
[[noreturn]] void kernel_fail(const char* message, Site at);

// Warp collectives: operands lie in the caller's frame until the last lane has arrived and computed for all.
enum class WarpOp : uint8_t {
  kSync,
  kShfl,
  kShflXor,
  kShflDown,
  kShflUp,
  kBallot,
  kAny,
  kAll,
  kMatch,
  kAdd,
  kMax,
  kMin,
  kElect,
  kMmaBf16,
  kMmaHalf,
  kMmaTf32,
  kMmaE4m3,
  kMmaE5m2,
  kMmaS8,
  kLdmatrix,
  kLdmatrixTrans,
  kStmatrix,
  kStmatrixTrans
};
struct WarpValue {
  uint64_t in = 0, out = 0;
  int arg = 0;
};
struct MmaRegisters {
  void* d;
  const uint32_t* a;
  const uint32_t* b;
};
struct MatrixRow {
  uint32_t* r;
  const void* row;
  int tiles;
};
void warp_op(WarpOp op, uint32_t mask, void* operand, Site at);

// Memory: every explicit access checks extent and alignment and counts sectors and bank conflicts.
void* shared_array(const void* key, size_t bytes, size_t align, const char* name, Site at);
void* dynamic_shared();
void read(void* to, const void* from, size_t bytes, Site at);
void write(void* to, const void* from, size_t bytes, Site at);
enum class AtomicOp : uint8_t { kAdd, kMax, kMin, kOr, kExchange };
int atomic(AtomicOp op, int* p, int v, Site at);
unsigned atomic(AtomicOp op, unsigned* p, unsigned v, Site at);
unsigned long long atomic(AtomicOp op, unsigned long long* p, unsigned long long v, Site at);
float atomic(AtomicOp op, float* p, float v, Site at);
uint64_t atomic_cas(void* p, uint64_t expected, uint64_t v, size_t bytes, Site at);
void read_volatile(void* to, const void* from, size_t bytes, Site at);

// Asynchronous copies of one thread.
void cp_async(void* smem, const void* global, int bytes, int from, Site at);
void cp_async_commit(Site at);
void cp_async_wait(int pending, Site at);

// Hopper.
void mbar_init(Mbar* b, int count, Site at);
void fence_mbar_init(Site at);
void mbar_arrive(Mbar* b, uint32_t expect_bytes, bool expects, int rank, Site at);
bool mbar_wait(Mbar* b, int parity, bool may_fail, Site at);
void fence_proxy_async(Site at);
void tma_load(void* smem, const TensorMap& m, Mbar* b, uint32_t blocks, const int* at_coordinates, int rank, Site at);
void tma_load_bytes(void* smem, const void* global, uint32_t bytes, Mbar* b, Site at);
void tma_store(const TensorMap& m, const void* smem, int x, int y, bool add, Site at);
void tma_store_commit(Site at);
void tma_store_wait(int pending, bool read_only, Site at);
uint64_t wgmma_descriptor(const void* tile, Swizzle s, uint32_t leading_bytes, uint32_t stride_bytes);
struct Wgmma {
  float* d;
  int n;              ///< columns of D; this thread holds n / 2 values
  const uint32_t* a;  ///< registers of A, or null: descriptor
  uint64_t a_descriptor, b_descriptor;
  bool accumulate, bf16, trans_a, trans_b;
};
void wgmma(const Wgmma& w, Site at);
void wgmma_fence(Site at);
void wgmma_commit(Site at);
void wgmma_wait(int pending, Site at);
void wgmma_ready(const float* d, Site at);  ///< error if a product into d is still under way
void set_registers(int n, Site at);

/// The exact value with a deterministic error of at most 2 units, a function of the bits of x and the result, so that
/// nobody trusts its last bits. A unit is an ulp, or `unit` if that is more.
float approximate(double exact, float x, double unit = 0);

}  // namespace gpu::emu
