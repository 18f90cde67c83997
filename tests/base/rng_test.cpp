#include "base/rng.h"

#include "support/catch.h"

using namespace r1;

TEST_CASE("Philox4x32-10 gives the published known answers") {
  // Random123 kat_vectors: zero, ones, and digits of pi.
  CHECK(philox({0, 0, 0, 0}, {0, 0}) == std::array<uint32_t, 4>{0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u});
  const uint32_t f = 0xffffffffu;
  CHECK(philox({f, f, f, f}, {f, f}) == std::array<uint32_t, 4>{0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu});
  CHECK(philox({0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u}, {0xa4093822u, 0x299f31d0u}) ==
        std::array<uint32_t, 4>{0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u});
}

TEST_CASE("a stream is a function of its name and position") {
  Rng a(7, Stream::kTest, 1, 2), b(7, Stream::kTest, 1, 2), c(7, Stream::kTest, 1, 3);
  for (int i = 0; i < 10; ++i) CHECK(a.bits() == b.bits_at(static_cast<uint64_t>(i)));
  CHECK(a.bits_at(0) != c.bits_at(0));
  a.seek(4);
  CHECK(a.bits() == b.bits_at(4));
}

TEST_CASE("uniform and below stay in range and are roughly even") {
  Rng r(3, Stream::kTest);
  int count[7] = {};
  double mean = 0, normal = 0, square = 0;
  for (int i = 0; i < 70000; ++i) {
    const double u = r.uniform();
    CHECK((u >= 0 && u < 1));
    mean += u / 70000;
    ++count[r.below(7)];
    const double z = r.normal();
    normal += z / 70000, square += z * z / 70000;
  }
  CHECK(std::abs(mean - 0.5) < 0.005);
  for (int c : count) CHECK(std::abs(c - 10000) < 400);
  CHECK(std::abs(normal) < 0.02);
  CHECK(std::abs(square - 1) < 0.03);
}
