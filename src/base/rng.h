// Counter-based random numbers, Philox4x32-10 (Salmon et al., SC 2011). A draw is a pure function of its key and
// counter, so 1 thread or many, resumed or not, one rank or many see the same numbers. Paper: none.
#pragma once
#include <array>
#include <cmath>
#include <cstdint>
#include <utility>

namespace r1 {

/// One Philox block: 4 x 32 random bits from a 128-bit counter and a 64-bit key.
constexpr std::array<uint32_t, 4> philox(std::array<uint32_t, 4> c, std::array<uint32_t, 2> k) {
  for (int round = 0; round < 10; ++round) {
    const uint64_t p0 = uint64_t{0xD2511F53u} * c[0], p1 = uint64_t{0xCD9E8D57u} * c[2];
    c = {static_cast<uint32_t>(p1 >> 32) ^ c[1] ^ k[0], static_cast<uint32_t>(p1),
         static_cast<uint32_t>(p0 >> 32) ^ c[3] ^ k[1], static_cast<uint32_t>(p0)};
    k[0] += 0x9E3779B9u;
    k[1] += 0xBB67AE85u;
  }
  return c;
}

/// Names of independent streams. A value here is part of the saved state of a run: never renumber.
enum class Stream : uint32_t { kInit = 1, kData = 2, kTask = 3, kSample = 4, kShuffle = 5, kEval = 6, kTest = 7 };

/// A stream of draws: (seed, stream, a, b) name it, the position walks along it. For sampling, a packs rollout and
/// prompt and b the sample, so that a draw is a function of (seed, stream, rollout, prompt, sample, position).
class Rng {
 public:
  Rng(uint64_t seed, Stream stream, uint32_t a = 0, uint32_t b = 0)
      : key_{static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32) ^ (static_cast<uint32_t>(stream) << 24)},
        a_(a),
        b_(b) {}

  /// 32 random bits at the current position, then one step on.
  uint32_t bits() { return bits_at(pos_++); }
  /// 32 random bits at a given position; does not move.
  uint32_t bits_at(uint64_t pos) const {
    const uint64_t block = pos >> 2;
    return philox({static_cast<uint32_t>(block), static_cast<uint32_t>(block >> 32), a_, b_}, key_)[pos & 3];
  }
  /// Uniform in [0, 1) with 24 bits: exact in float.
  double uniform() { return (bits() >> 8) * (1.0 / 16777216.0); }
  /// Uniform integer in [0, n), n >= 1, without modulo bias worth naming (64-bit multiply).
  uint32_t below(uint32_t n) { return static_cast<uint32_t>((uint64_t{bits()} * n) >> 32); }
  /// Uniform integer in [lo, hi].
  int range(int lo, int hi) { return lo + static_cast<int>(below(static_cast<uint32_t>(hi - lo + 1))); }
  bool chance(double p) { return uniform() < p; }
  /// Standard normal by Box-Muller (two draws each).
  double normal() {
    const double u = 1.0 - uniform(), v = uniform();
    return std::sqrt(-2.0 * std::log(u)) * std::cos(6.283185307179586 * v);
  }
  uint64_t position() const { return pos_; }
  void seek(uint64_t pos) { pos_ = pos; }

 private:
  std::array<uint32_t, 2> key_;
  uint32_t a_, b_;
  uint64_t pos_ = 0;
};

/// Fisher-Yates with the stream's own numbers.
template <class V>
void shuffle(V& v, Rng& rng) {
  for (uint32_t i = static_cast<uint32_t>(v.size()); i > 1; --i) std::swap(v[i - 1], v[rng.below(i)]);
}

}  // namespace r1
