// Promises of kernels that treat rows alike, checked in one place: the result equals the formula written out in double;
// a row has the same bits in any batch; threads change no bit; instruction sets change no bit. What sums over rows
// (gradients of weights) is a left fold: rows in two calls give the bits of one.
#pragma once
#include <cmath>
#include <cstring>
#include <functional>
#include <vector>

#include "base/parallel.h"
#include "base/rng.h"
#include "kernels/kernel.h"
#include "support/catch.h"

namespace r1_test {

using namespace r1;

using Reals = std::vector<real>;
using Doubles = std::vector<double>;

inline Reals numbers(int64_t n, uint32_t seed, double scale = 1) {
  Reals v(static_cast<size_t>(n));
  Rng rng(21, Stream::kTest, seed);
  for (real& x : v) x = static_cast<real>(scale * rng.normal());
  return v;
}

inline bool same_bits(const Reals& a, const Reals& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(real)) == 0;
}

/// Runs `body` under every instruction set that this machine has.
template <class F>
void each_isa(const F& body) {
  const Isa before = active_isa();
  for (Isa isa : {Isa::kV3, Isa::kV4}) {
    if (!cpu_has(isa)) continue;
    set_active_isa(isa);
    body();
  }
  set_active_isa(before);
}

/// Rows [begin, end) of the result, one after the other.
using Rows = std::function<Reals(const Exec& ex, int64_t begin, int64_t end)>;

/// The promises for `rows` rows; `want`: all of them in double.
inline void check_rows(const char* name, int64_t rows, const Rows& run, const Doubles& want) {
  INFO(name);
  const Reals whole = run(Exec{}, 0, rows);
  REQUIRE(whole.size() == want.size());
  double worst = 0;
  for (size_t i = 0; i < want.size(); ++i) {
    const double error = std::abs(static_cast<double>(whole[i]) - want[i]) / (1 + std::abs(want[i]));
    if (!(error <= worst)) worst = error;
  }
  CHECK(worst < (sizeof(real) == 4 ? 1e-5 : 1e-13));
  const auto width = static_cast<int64_t>(whole.size()) / rows;
  bool alone = true;
  for (int64_t begin = 0; begin < rows; ++begin)
    for (int64_t n : {1, 3, 8})
      if (begin + n <= rows)
        alone = alone && same_bits(run(Exec{}, begin, begin + n),
                                   Reals(whole.begin() + begin * width, whole.begin() + (begin + n) * width));
  CHECK(alone);
  ThreadPool pool(3);
  Exec threads;
  threads.pool = &pool;
  CHECK(same_bits(run(threads, 0, rows), whole));
  each_isa([&] { CHECK(same_bits(run(Exec{}, 0, rows), whole)); });
}

/// The same for a result that is not made of rows.
inline void check_whole(const char* name, const std::function<Reals(const Exec& ex)>& run, const Doubles& want) {
  check_rows(
      name, 1, [&](const Exec& ex, int64_t, int64_t) { return run(ex); }, want);
}

/// Adds rows [begin, end) to `sums`.
using Fold = std::function<void(const Exec& ex, Reals& sums, int64_t begin, int64_t end)>;

inline void check_fold(const char* name, int64_t rows, const Reals& start, const Fold& add, const Doubles& want) {
  check_whole(
      name,
      [&](const Exec& ex) {
        Reals sums = start;
        add(ex, sums, 0, rows);
        return sums;
      },
      want);
  for (int64_t cut = 0; cut <= rows; ++cut) {
    Reals whole = start, parts = start;
    add(Exec{}, whole, 0, rows);
    add(Exec{}, parts, 0, cut), add(Exec{}, parts, cut, rows);
    INFO(name << " cut at " << cut);
    CHECK(same_bits(parts, whole));
  }
}

}  // namespace r1_test
