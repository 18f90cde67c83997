#include "kernels/rope.h"

#include <vector>

#include "base/rng.h"
#include "support/catch.h"
#include "support/rowwise.h"

using namespace r1;
using r1_test::each_isa;

TEST_CASE("rope turns each pair as written out, in both layouts and directions, on every instruction set") {
  Rng rng(6, Stream::kTest);
  const auto normal = [&](size_t n) {
    std::vector<real> v(n);
    for (real& x : v) x = static_cast<real>(rng.normal());
    return v;
  };
  for (const int64_t d : {2, 6, 8, 16, 22, 64})
    for (int form = 0; form < 8; ++form) {
      RopeArgs a;
      a.rows = 5, a.heads = 3, a.d = d;
      a.interleave = form & 1, a.inverse = form & 2, a.accumulate = form & 4;
      a.src_head = a.dst_head = d + 1, a.src_ld = a.dst_ld = a.heads * (d + 1) + 2;
      const std::vector<real> x = normal(static_cast<size_t>(a.rows * a.src_ld)), y = normal(x.size()),
                              table = normal(static_cast<size_t>(7 * d));
      const std::vector<int32_t> positions{0, 3, 6, 3, 1};
      std::vector<real> want = y;
      for (int64_t r = 0; r < a.rows; ++r)
        for (int64_t h = 0; h < a.heads; ++h)
          for (int64_t i = 0; i < d / 2; ++i) {
            const size_t at = static_cast<size_t>(r * a.src_ld + h * a.src_head);
            const size_t p = at + static_cast<size_t>(a.interleave ? 2 * i : i),
                         q = at + static_cast<size_t>(a.interleave ? 2 * i + 1 : i + d / 2);
            const size_t angle = static_cast<size_t>(positions[static_cast<size_t>(r)] * d + 2 * i);
            const real c = table[angle], s = a.inverse ? -table[angle + 1] : table[angle + 1];
            const real u = x[p] * c - x[q] * s, w = x[p] * s + x[q] * c;
            want[p] = a.accumulate ? want[p] + u : u;
            want[q] = a.accumulate ? want[q] + w : w;
          }
      each_isa([&] {
        std::vector<real> got = y;
        a.src = x.data(), a.dst = got.data(), a.table = table.data(), a.positions = positions.data();
        rope(Exec{}, a);
        INFO("d " << d << " form " << form);
        CHECK(got == want);
      });
    }
}
