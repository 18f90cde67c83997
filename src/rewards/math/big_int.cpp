// Schoolbook arithmetic: numbers here are short, and the budget ends what is not. Paper: [R1 §2.2].
#include "rewards/math/big_int.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace r1::math {
namespace {

using Limbs = std::vector<uint32_t>;

void trim(Limbs& a) {
  while (!a.empty() && a.back() == 0) a.pop_back();
}

int compare_limbs(const Limbs& a, const Limbs& b) {
  if (a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
  for (size_t i = a.size(); i-- > 0;)
    if (a[i] != b[i]) return a[i] < b[i] ? -1 : 1;
  return 0;
}

Limbs add_limbs(const Limbs& a, const Limbs& b) {
  Limbs out(std::max(a.size(), b.size()) + 1);
  uint64_t carry = 0;
  for (size_t i = 0; i < out.size(); ++i) {
    carry += (i < a.size() ? a[i] : 0) + uint64_t{i < b.size() ? b[i] : 0};
    out[i] = static_cast<uint32_t>(carry), carry >>= 32;
  }
  return out;
}

/// a - b for a >= b.
Limbs subtract_limbs(const Limbs& a, const Limbs& b) {
  Limbs out(a.size());
  int64_t borrow = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    int64_t d = int64_t{a[i]} - (i < b.size() ? b[i] : 0) + borrow;
    borrow = d < 0 ? -1 : 0;
    out[i] = static_cast<uint32_t>(d);
  }
  return out;
}

/// a /= d, returns the remainder.
uint32_t divide_small(Limbs& a, uint32_t d) {
  uint64_t rest = 0;
  for (size_t i = a.size(); i-- > 0;) {
    rest = rest << 32 | a[i];
    a[i] = static_cast<uint32_t>(rest / d), rest %= d;
  }
  trim(a);
  return static_cast<uint32_t>(rest);
}

Limbs shifted_left(const Limbs& a, int by) {
  Limbs out(a.size() + 1);
  for (size_t i = 0; i < a.size(); ++i) {
    const uint64_t v = uint64_t{a[i]} << by;
    out[i] |= static_cast<uint32_t>(v);
    out[i + 1] = static_cast<uint32_t>(v >> 32);
  }
  return out;
}

/// Knuth's algorithm D: a becomes the remainder; returns the quotient. b has at least two limbs and is <= a.
Limbs divide_long(Limbs& a, const Limbs& b) {
  const int shift = std::countl_zero(b.back());
  Limbs v = shifted_left(b, shift), u = shifted_left(a, shift);
  trim(v);
  const size_t n = v.size(), m = u.size() - n - 1;
  u.push_back(0);
  Limbs q(m + 2);
  for (size_t j = m + 2; j-- > 0;) {
    const uint64_t top = uint64_t{u[j + n]} << 32 | u[j + n - 1];
    uint64_t guess = top / v[n - 1], rest = top % v[n - 1];
    while (guess >> 32 || guess * v[n - 2] > (rest << 32 | u[j + n - 2])) {
      --guess, rest += v[n - 1];
      if (rest >> 32) break;
    }
    int64_t borrow = 0;
    uint64_t carry = 0;
    for (size_t i = 0; i < n; ++i) {
      carry += guess * v[i];
      const int64_t d = int64_t{u[i + j]} - static_cast<uint32_t>(carry) + borrow;
      carry >>= 32;
      u[i + j] = static_cast<uint32_t>(d), borrow = d >> 32;
    }
    const int64_t last = int64_t{u[j + n]} - static_cast<int64_t>(carry) + borrow;
    u[j + n] = static_cast<uint32_t>(last);
    if (last < 0) {
      --guess;
      uint64_t back = 0;
      for (size_t i = 0; i < n; ++i) {
        back += uint64_t{u[i + j]} + v[i];
        u[i + j] = static_cast<uint32_t>(back), back >>= 32;
      }
      u[j + n] += static_cast<uint32_t>(back);
    }
    q[j] = static_cast<uint32_t>(guess);
  }
  trim(u);
  for (size_t i = 0; i < u.size(); ++i)
    u[i] = u[i] >> shift | (shift && i + 1 < u.size() ? u[i + 1] << (32 - shift) : 0);
  a = u;
  return q;
}

}  // namespace

BigInt BigInt::make(bool negative, Limbs limbs) {
  trim(limbs);
  BigInt out;
  if (limbs.size() <= 2) {
    uint64_t v = 0;
    for (size_t i = limbs.size(); i-- > 0;) v = v << 32 | limbs[i];
    if (negative && v == uint64_t{1} << 63) return BigInt(std::numeric_limits<int64_t>::min());
    if (v <= static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
      out.small_ = negative ? -static_cast<int64_t>(v) : static_cast<int64_t>(v);
      return out;
    }
  }
  if (limbs.size() > kMaxBits / 32) throw Stop{Trouble::kTooLarge, "whole number too long"};
  out.negative_ = negative, out.limbs_ = std::move(limbs);
  return out;
}

BigInt::Limbs BigInt::magnitude() const {
  if (!is_small()) return limbs_;
  const uint64_t v = small_ < 0 ? uint64_t{0} - static_cast<uint64_t>(small_) : static_cast<uint64_t>(small_);
  Limbs out{static_cast<uint32_t>(v), static_cast<uint32_t>(v >> 32)};
  trim(out);
  return out;
}

BigInt BigInt::parse(std::string_view digits, int base, Budget& b) {
  b.spend(static_cast<int64_t>(digits.size() * (digits.size() / 8 + 2)));
  Limbs limbs;
  for (const char c : digits) {
    uint64_t carry = static_cast<uint64_t>(c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
    for (uint32_t& l : limbs) {
      carry += uint64_t{l} * static_cast<uint64_t>(base);
      l = static_cast<uint32_t>(carry), carry >>= 32;
    }
    if (carry) limbs.push_back(static_cast<uint32_t>(carry));
  }
  return make(false, std::move(limbs));
}

size_t BigInt::bits() const {
  const Limbs m = magnitude();
  return m.empty() ? 0 : m.size() * 32 - static_cast<size_t>(std::countl_zero(m.back()));
}

BigInt BigInt::negated() const {
  if (is_small() && small_ != std::numeric_limits<int64_t>::min()) return BigInt(-small_);
  return make(sign() > 0, magnitude());
}

std::string BigInt::text(Budget& b) const {
  if (is_small()) return std::to_string(small_);
  Limbs m = limbs_;
  b.spend(static_cast<int64_t>(m.size() * m.size() * 2));
  std::string out;
  while (!m.empty()) {
    uint32_t part = divide_small(m, 1'000'000'000);
    for (int i = 0; i < 9 && (part || !m.empty()); ++i) out += static_cast<char>('0' + part % 10), part /= 10;
  }
  if (negative_) out += '-';
  std::reverse(out.begin(), out.end());
  return out;
}

void BigInt::bounds(double& lo, double& hi) const {
  const double inf = std::numeric_limits<double>::infinity();
  const Limbs m = magnitude();
  if (m.empty()) return void(lo = hi = 0);
  uint64_t top = 0;  // the leading 64 bits or fewer; what is cut off is less than one unit of them
  const size_t n = bits(), cut = n > 62 ? n - 62 : 0;
  for (size_t i = n; i-- > cut;) top = top << 1 | (m[i / 32] >> (i % 32) & 1);
  lo = std::nextafter(std::ldexp(static_cast<double>(top), static_cast<int>(cut)), 0);
  hi = std::nextafter(std::ldexp(static_cast<double>(top), static_cast<int>(cut)), inf);
  if (n <= 53) lo = hi = static_cast<double>(top);
  if (std::isinf(lo)) lo = std::numeric_limits<double>::max();
  if (sign() < 0) std::swap(lo, hi), lo = -lo, hi = -hi;
}

int compare(const BigInt& a, const BigInt& b) {
  if (a.is_small() && b.is_small()) return (a.small_ > b.small_) - (a.small_ < b.small_);
  if (a.sign() != b.sign()) return a.sign() < b.sign() ? -1 : 1;
  const int c = compare_limbs(a.magnitude(), b.magnitude());
  return a.sign() < 0 ? -c : c;
}

BigInt add(const BigInt& a, const BigInt& b, Budget& budget) {
  int64_t v = 0;
  if (a.is_small() && b.is_small() && !__builtin_add_overflow(a.small_, b.small_, &v)) return BigInt(v);
  const Limbs x = a.magnitude(), y = b.magnitude();
  budget.spend(static_cast<int64_t>(x.size() + y.size()) + 60);
  if ((a.sign() < 0) == (b.sign() < 0)) return BigInt::make(a.sign() < 0, add_limbs(x, y));
  const bool first = compare_limbs(x, y) >= 0;
  return BigInt::make((first ? a : b).sign() < 0, first ? subtract_limbs(x, y) : subtract_limbs(y, x));
}

BigInt multiply(const BigInt& a, const BigInt& b, Budget& budget) {
  int64_t v = 0;
  if (a.is_small() && b.is_small() && !__builtin_mul_overflow(a.small_, b.small_, &v)) return BigInt(v);
  const Limbs x = a.magnitude(), y = b.magnitude();
  if ((x.size() + y.size()) > kMaxBits / 32 + 2) throw Stop{Trouble::kTooLarge, "whole number too long"};
  budget.spend(static_cast<int64_t>(x.size() * y.size()) + 60);
  Limbs out(x.size() + y.size());
  for (size_t i = 0; i < x.size(); ++i) {
    uint64_t carry = 0;
    for (size_t j = 0; j < y.size(); ++j) {
      carry += uint64_t{x[i]} * y[j] + out[i + j];
      out[i + j] = static_cast<uint32_t>(carry), carry >>= 32;
    }
    out[i + y.size()] = static_cast<uint32_t>(carry);
  }
  return BigInt::make((a.sign() < 0) != (b.sign() < 0), std::move(out));
}

BigInt divide_floor(const BigInt& a, const BigInt& b, BigInt& remainder, Budget& budget) {
  if (a.is_small() && b.is_small() && a.small_ != std::numeric_limits<int64_t>::min()) {
    int64_t q = a.small_ / b.small_, r = a.small_ % b.small_;
    if (r != 0 && (r < 0) != (b.small_ < 0)) --q, r += b.small_;
    remainder = BigInt(r);
    return BigInt(q);
  }
  Limbs u = a.magnitude(), v = b.magnitude(), q;
  if (compare_limbs(u, v) >= 0) {
    budget.spend(static_cast<int64_t>((u.size() - v.size() + 1) * v.size()) * 4 + 150);
    if (v.size() == 1) {
      const uint32_t r = divide_small(u, v[0]);
      q = std::move(u), u = Limbs{r};
    } else {
      q = divide_long(u, v);
    }
  }
  BigInt quotient = BigInt::make((a.sign() < 0) != (b.sign() < 0), std::move(q));
  remainder = BigInt::make(a.sign() < 0, std::move(u));
  if (!remainder.is_zero() && remainder.sign() != b.sign()) {
    quotient = add(quotient, BigInt(-1), budget);
    remainder = add(remainder, b, budget);
  }
  return quotient;
}

BigInt gcd(BigInt a, BigInt b, Budget& budget) {
  a = a.abs(), b = b.abs();
  while (!b.is_zero()) {
    if (a.is_small() && b.is_small()) {
      int64_t x = a.small(), y = b.small();
      while (y) {
        const int64_t r = x % y;
        x = y, y = r;
      }
      return BigInt(x);
    }
    BigInt r;
    divide_floor(a, b, r, budget);
    a = std::move(b), b = std::move(r);
  }
  return a;
}

BigInt power(BigInt base, uint64_t exponent, Budget& budget) {
  if (base.is_one() || exponent == 0) return BigInt(1);
  if (base.is_zero()) return base;
  if (base == BigInt(-1)) return BigInt(exponent % 2 ? -1 : 1);
  if (exponent > kMaxBits || (base.bits() - 1) * exponent > kMaxBits) throw Stop{Trouble::kTooLarge, "power too large"};
  BigInt out(1);
  for (;; exponent /= 2) {
    if (exponent % 2) out = multiply(out, base, budget);
    if (exponent <= 1) return out;
    base = multiply(base, base, budget);
  }
}

BigInt root_floor(const BigInt& a, unsigned n, Budget& budget) {
  if (a.is_zero() || n == 1) return a;
  BigInt lo(1), hi = power(BigInt(2), a.bits() / n + 1, budget), rest;  // lo^n <= a < hi^n
  for (;;) {
    const BigInt middle = divide_floor(add(lo, hi, budget), BigInt(2), rest, budget);
    if (middle == lo) return lo;
    (compare(power(middle, n, budget), a) <= 0 ? lo : hi) = middle;
  }
}

}  // namespace r1::math
