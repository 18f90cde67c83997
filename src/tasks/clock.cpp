// Paper: none.
#include "tasks/clock.h"

#include <algorithm>

#include "base/check.h"

namespace r1 {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

int operand_digits(char op) { return op == '*' ? 2 : 1; }

/// Fewest and most products of each level.
constexpr int kProducts[kClockLevels][2] = {{0, 0}, {0, 1}, {1, 1}, {1, 2}, {2, 3}};

}  // namespace

int clock_apply(char op, int a, int b) {
  const int v = op == '+' ? a + b : op == '-' ? a - b : a * b;
  return (v % 100 + 100) % 100;
}

int clock_value(const ClockExpression& e) {
  int v = e.start;
  for (const ClockStep& s : e.steps) v = clock_apply(s.op, v, s.operand);
  return v;
}

std::string two_digits(int n) { return {static_cast<char>('0' + n / 10 % 10), static_cast<char>('0' + n % 10)}; }

std::string clock_operand(const ClockStep& step) {
  return operand_digits(step.op) == 2 ? two_digits(step.operand)
                                      : std::string(1, static_cast<char>('0' + step.operand));
}

std::string clock_start(int start, int& label) {
  std::string out;
  for (const char digit : two_digits(start)) out += static_cast<char>('a' + label++), out += digit;
  return out;
}

std::string clock_fragment(const ClockStep& step, int& label) {
  const auto next = [&] { return static_cast<char>('a' + label++); };
  std::string out = {next(), step.op};
  for (const char digit : clock_operand(step)) out += next(), out += digit;
  return out;
}

std::string clock_labelled(const ClockExpression& e) {
  int label = 0;
  std::string out = clock_start(e.start, label);
  for (const ClockStep& s : e.steps) out += clock_fragment(s, label);
  return out;
}

std::string clock_plain(const ClockExpression& e) {
  std::string out = two_digits(e.start);
  for (const ClockStep& s : e.steps) out += s.op, out += clock_operand(s);
  return out;
}

std::optional<ClockExpression> parse_clock(std::string_view text) {
  const auto number = [&](size_t at, int digits) {
    int n = 0;
    for (int k = 0; k < digits; ++k, ++at) {
      if (at >= text.size() || !is_digit(text[at])) return -1;
      n = n * 10 + (text[at] - '0');
    }
    return n;
  };
  ClockExpression e;
  if ((e.start = number(0, 2)) < 0) return std::nullopt;
  for (size_t at = 2; at < text.size();) {
    const char op = text[at];
    if (op != '+' && op != '-' && op != '*') return std::nullopt;
    const int digits = operand_digits(op), operand = number(at + 1, digits);
    if (operand < 0) return std::nullopt;
    e.steps.push_back({op, operand});
    at += 1 + static_cast<size_t>(digits);
  }
  if (e.steps.empty()) return std::nullopt;
  return e;
}

std::string clock_key(const ClockExpression& e) {
  if (e.steps.size() == 1 && e.steps[0].op != '-' && e.steps[0].operand < e.start)
    return cat(two_digits(e.steps[0].operand), e.steps[0].op, two_digits(e.start));
  return clock_plain(e);
}

std::string clock_equation(int left, const ClockStep& step, int result) {
  return cat(two_digits(left), step.op, clock_operand(step), "=", two_digits(result));
}

std::string careful_product(int a, int b) {
  // (10 a1 + a0)(10 b1 + b0) mod 100: units of a0 b0; tens are its carry and the units of both cross products.
  const int a1 = a / 10, a0 = a % 10, b1 = b / 10, b0 = b % 10;
  const auto term = [](int x, int y) { return cat(x, "*", y, "=", two_digits(x * y), ","); };
  const int carry = a0 * b0 / 10, cross1 = a1 * b0 % 10, cross2 = a0 * b1 % 10;
  const int first = (cross2 + cross1) % 10, second = (first + carry) % 10;
  return cat(term(a0, b1), term(a1, b0), term(a0, b0), cross2, "+", cross1, "=", first, "+", carry, "=", second);
}

ClockStep draw_step(char op, Rng& rng) { return {op, op == '*' ? rng.range(11, 99) : rng.range(1, 9)}; }

ClockExpression draw_clock(int level, Rng& rng) {
  R1_CHECK(level >= 1 && level <= kClockLevels, "clock arithmetic: level ", level);
  const int products = rng.range(kProducts[level - 1][0], kProducts[level - 1][1]);
  std::string ops(static_cast<size_t>(products), '*');
  while (static_cast<int>(ops.size()) < level) ops += rng.chance(.5) ? '+' : '-';
  shuffle(ops, rng);
  ClockExpression e;
  e.start = rng.range(10, 99);
  for (const char op : ops) e.steps.push_back(draw_step(op, rng));
  return e;
}

}  // namespace r1
