// Warp collectives: each lane leaves its operands and waits; the last one of the mask computes for all. Errors: a lane
// in another operation or with another mask, a mask without the caller, a mask that names a lane which has returned or
// never was. Paper: none.
#include <algorithm>
#include <bit>
#include <cstring>

#include "emulator/mma.hpp"
#include "emulator/state.hpp"

namespace gpu::emu {

namespace {

const char* name_of(WarpOp op) {
  static const char* const names[] = {
      "syncwarp",  "shfl",     "shfl_xor", "shfl_down", "shfl_up",        "ballot",   "any",           "all",
      "match_any", "warp_add", "warp_max", "warp_min",  "elect",          "mma bf16", "mma half",      "mma tf32",
      "mma e4m3",  "mma e5m2", "mma s8",   "ldmatrix",  "ldmatrix trans", "stmatrix", "stmatrix trans"};
  return names[int(op)];
}

std::string hex(uint32_t x) {
  char s[16];
  snprintf(s, sizeof s, "0x%08x", x);
  return s;
}

WarpValue& value(const WarpGroup& g, int lane) { return *static_cast<WarpValue*>(g.operand[lane]); }

void shuffle(const WarpGroup& g) {
  for (int l = 0; l < 32; ++l) {
    if (!(g.mask >> l & 1)) continue;
    WarpValue& v = value(g, l);
    int from = g.op == WarpOp::kShfl       ? v.arg & 31
               : g.op == WarpOp::kShflXor  ? l ^ v.arg
               : g.op == WarpOp::kShflDown ? l + v.arg
                                           : l - v.arg;
    if (from < 0 || from > 31) from = l;  // past the end: the own value
    // A lane outside the mask has no value to give: poison, seen if it is used.
    v.out = g.mask >> from & 1 ? value(g, from).in : ~uint64_t(0);
  }
}

void reduce(const WarpGroup& g) {
  const int first = std::countr_zero(g.mask);
  uint32_t ballot = 0, sum = 0;
  auto most = int32_t(value(g, first).in), least = most;
  for (int l = 0; l < 32; ++l) {
    if (!(g.mask >> l & 1)) continue;
    const auto x = uint32_t(value(g, l).in);
    if (x) ballot |= 1u << l;
    sum += x;
    most = std::max(most, int32_t(x));
    least = std::min(least, int32_t(x));
  }
  for (int l = 0; l < 32; ++l) {
    if (!(g.mask >> l & 1)) continue;
    WarpValue& v = value(g, l);
    switch (g.op) {
      case WarpOp::kBallot:
        v.out = ballot;
        break;
      case WarpOp::kAny:
        v.out = ballot != 0;
        break;
      case WarpOp::kAll:
        v.out = ballot == g.mask;
        break;
      case WarpOp::kAdd:
        v.out = sum;
        break;
      case WarpOp::kMax:
        v.out = uint32_t(most);
        break;
      case WarpOp::kMin:
        v.out = uint32_t(least);
        break;
      default:
        break;
    }
  }
}

void match(const WarpGroup& g) {
  for (int l = 0; l < 32; ++l)
    for (int m = 0; m < 32; ++m)
      if ((g.mask >> l & 1) && (g.mask >> m & 1) && value(g, l).in == value(g, m).in) value(g, l).out |= 1u << m;
}

void compute(const WarpGroup& g, Warp& w) {
  switch (g.op) {
    case WarpOp::kSync:
      break;
    case WarpOp::kShfl:
    case WarpOp::kShflXor:
    case WarpOp::kShflDown:
    case WarpOp::kShflUp:
      return shuffle(g);
    case WarpOp::kMatch:
      return match(g);
    case WarpOp::kElect:
      value(g, int(g_random.below(32))).out = 1;
      break;
    case WarpOp::kMmaBf16:
    case WarpOp::kMmaHalf:
    case WarpOp::kMmaTf32:
    case WarpOp::kMmaE4m3:
    case WarpOp::kMmaE5m2:
    case WarpOp::kMmaS8:
      return warp_mma(g);
    case WarpOp::kLdmatrix:
    case WarpOp::kLdmatrixTrans:
    case WarpOp::kStmatrix:
    case WarpOp::kStmatrixTrans:
      return warp_matrix(g, w);
    default:
      return reduce(g);
  }
}

WarpGroup& group_of(Fiber& f, WarpOp op, uint32_t mask, Site at) {
  Warp& w = *f.warp;
  if (!(mask >> f.lane & 1))
    fail_thread(r1::cat(name_of(op), ": mask ", hex(mask), " does not name the calling lane ", f.lane), at);
  if (mask & ~w.lanes)
    fail_thread(r1::cat(name_of(op), ": mask ", hex(mask),
                        " names lanes that the block does not have, expected at most ", hex(w.lanes)),
                at);
  if (mask & w.exited)
    fail_thread(r1::cat(name_of(op), ": mask ", hex(mask), " names lanes that have returned: ", hex(mask & w.exited)),
                at);
  for (WarpGroup& g : w.groups) {
    if (g.mask == mask && g.op == op && !(g.arrived >> f.lane & 1)) return g;
    // They wait for this lane and it waits for them, each in its own call: neither will ever complete.
    if ((g.mask >> f.lane & 1) && (g.arrived & mask))
      fail_thread(
          r1::cat("lanes of one warp in different operations: ", name_of(op), " with mask ", hex(mask), " here, lanes ",
                  hex(g.arrived), " in ", name_of(g.op), " with mask ", hex(g.mask), " at ", str(g.at)),
          at);
  }
  w.groups.emplace_back();
  WarpGroup& g = w.groups.back();
  g.mask = mask;
  g.op = op;
  g.at = at;
  return g;
}

}  // namespace

void warp_op(WarpOp op, uint32_t mask, void* operand, Site at) {
  Fiber& f = static_cast<Fiber&>(self());
  if (f.traced) note(f, name_of(op), at);
  f.at = at;
  Warp& w = *f.warp;
  if (op >= WarpOp::kLdmatrix) check_matrix_row(f, op, *static_cast<const MatrixRow*>(operand), at);
  WarpGroup& g = group_of(f, op, mask, at);
  g.operand[f.lane] = operand;
  g.arrived |= 1u << f.lane;
  f.wait_arg = mask;
  if (g.arrived != g.mask) return block_current(Wait::kWarp, at);
  ++g_counters.warp_ops;
  if (op == WarpOp::kSync) flush_requests(w);
  const WarpGroup done = g;
  w.groups.erase(w.groups.begin() + (&g - w.groups.data()));
  compute(done, w);
  progress();
  // ldmatrix reads for all lanes at once: whoever reports it done reports it for all.
  if ((op == WarpOp::kSync || op == WarpOp::kLdmatrix || op == WarpOp::kLdmatrixTrans) && race::enabled()) {
    Fiber* together[32];
    size_t n = 0;
    for (int l = 0; l < 32; ++l)
      if (mask >> l & 1) together[n++] = w.fiber[l];
    race::join(together, n);
  }
  for (uint32_t m = mask & ~(1u << f.lane); m; m &= m - 1) make_ready(w.fiber[std::countr_zero(m)]);
  yield_current(at);
}

}  // namespace gpu::emu
