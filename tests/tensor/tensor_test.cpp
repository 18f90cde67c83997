// The arena: aligned, without gaps, its memory never moves, counted alike with and without memory.
#include "tensor/tensor.h"

#include "tensor/arena.h"

#include <cstring>

#include "support/catch.h"

using namespace r1;

namespace {

constexpr size_t kMiB = size_t{1} << 20;

/// A step of three activations, written so that they are resident.
void step(Arena& arena, size_t bytes) {
  arena.reset();
  for (size_t part : {bytes / 2, bytes / 3, bytes / 6}) {
    void* p = arena.allocate(part);
    if (!arena.meta()) std::memset(p, 1, part);
  }
}

}  // namespace

TEST_CASE(
    "steps of different sizes leave no gaps: what is taken is the peak; what was written stays as the arena grows") {
  Arena arena;
  for (size_t mib : {3, 9, 11, 12, 5, 14, 13, 15}) step(arena, mib * kMiB);
  arena.reset();
  CHECK(arena.peak() >= 15 * kMiB - 64);
  CHECK(arena.peak() <= 15 * kMiB + 256);
  CHECK(arena.taken() == 15 * kMiB);
  auto* first = static_cast<char*>(arena.allocate(kMiB));
  std::memset(first, 7, kMiB);
  auto* far = static_cast<char*>(arena.allocate(100 * kMiB));
  CHECK(far == first + kMiB);
  far[100 * kMiB - 1] = 1;
  CHECK(first[kMiB - 1] == 7);
  CHECK_THROWS_AS(arena.allocate(size_t{1} << 50), Error);
  CHECK(arena.in_use() == 101 * kMiB);
}

TEST_CASE("memory is aligned to a cache line and goes back to a mark") {
  Arena arena;
  for (size_t bytes : {1, 63, 64, 65}) CHECK(reinterpret_cast<uintptr_t>(arena.allocate(bytes)) % 64 == 0);
  CHECK(arena.in_use() == 64 * 5);
  const Arena::Mark mark = arena.mark();
  void* first = arena.allocate(5 * kMiB);
  arena.rewind(mark);
  CHECK(arena.in_use() == 64 * 5);
  CHECK(arena.peak() == 64 * 5 + 5 * kMiB);
  CHECK(arena.allocate(5 * kMiB) == first);
}

TEST_CASE("large tensors have pages of their own, zeroed, which go back at once") {
  const Tensor keep = [] {
    const Tensor whole = Tensor::zeros({1024, 1024});
    for (int64_t i = 0; i < whole.numel(); i += 1000) REQUIRE(whole.data()[i] == 0);
    whole.data()[5 * 1024] = 3;
    return whole.rows(5, 6);  // a view keeps them
  }();
  CHECK(keep.data()[0] == 3);
}

TEST_CASE("an arena without memory counts the same") {
  Arena real_one, meta(true);
  for (size_t bytes : {100, 5000000, 7, 64}) {
    CHECK(real_one.allocate(bytes) != nullptr);
    CHECK(meta.allocate(bytes) == nullptr);
    CHECK(meta.peak() == real_one.peak());
  }
  CHECK(meta.taken() == 0);
}
