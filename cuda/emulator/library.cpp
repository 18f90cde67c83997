// Stand-in for the library GEMM (cuBLASLt) that benchmarks compare with: a plain loop in double. Paper: none.
#include <cstring>
#include <vector>

#include "emulator/memory.hpp"
#include "emulator/state.hpp"
#include "gpu/host.hpp"

namespace gpu {

namespace emu {
/// Queues host work that touches device memory.
void queue_work(Stream s, std::function<void()> run);
}  // namespace emu

namespace {

float element(const void* p, TileType t, int64_t i) {
  if (t == TileType::kFloat) return static_cast<const float*>(p)[i];
  if (t == TileType::kHalf) return to_float(static_cast<const half*>(p)[i]);
  return to_float(static_cast<const bf16*>(p)[i]);
}

void store(void* p, TileType t, int64_t i, double v) {
  if (t == TileType::kFloat) static_cast<float*>(p)[i] = float(v);
  if (t == TileType::kHalf) static_cast<half*>(p)[i] = to_half(float(v));
  if (t == TileType::kBf16) static_cast<bf16*>(p)[i] = to_bf16(float(v));
}

void check_operand(const char* name, const void* p, int64_t count, TileType t) {
  const emu::Place place = emu::place_of(p);
  const size_t bytes = size_t(count) * size_of(t);
  if (place.space != emu::Space::kGlobal || place.offset + bytes > place.bytes)
    r1::fail("library GEMM: ", name, " needs ", bytes, " bytes of device memory, got ", emu::describe(p));
}

}  // namespace

bool has_library_gemm() { return true; }

void library_gemm(const LibraryGemm& g, void* c, const void* a, const void* b, Stream s) {
  if (g.m < 1 || g.n < 1 || g.k < 1)
    r1::fail("library GEMM of ", g.m, " x ", g.n, " x ", g.k, ", expected positive sizes");
  if (g.type == TileType::kU8 || g.c_type == TileType::kU8) r1::fail("library GEMM of 8-bit integers is not offered");
  check_operand("A", a, g.m * g.k, g.type);
  check_operand("B", b, g.k * g.n, g.type);
  check_operand("C", c, g.m * g.n, g.c_type);
  emu::queue_work(s, [=] {
    for (int64_t i = 0; i < g.m; ++i)
      for (int64_t j = 0; j < g.n; ++j) {
        double sum = 0;
        for (int64_t k = 0; k < g.k; ++k)
          sum += double(element(a, g.type, i * g.k + k)) *
                 double(element(b, g.type, g.b_transposed ? j * g.k + k : k * g.n + j));
        store(c, g.c_type, i * g.n + j, sum);
      }
    if (emu::race::enabled()) emu::race::set_written(c, size_t(g.m * g.n) * size_of(g.c_type), true);
  });
}

}  // namespace gpu
