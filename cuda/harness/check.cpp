// The checks of one kernel. Tolerances come from norms: float outputs may be 1e-5 of the norm off (or what the case
// says), bf16 outputs twice the error of rounding the right result to bf16, plus a floor. Paper: none.
#include "harness/check.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "harness/emulated.h"
#include "kernels/device.h"

namespace r1::harness {

std::string text_of(const Dims& d) {
  std::string s;
  for (int64_t x : d) s += (s.empty() ? "" : ", ") + std::to_string(x);
  return s;
}

namespace {

std::string place(const Buffer& b, size_t i) {
  return cat(b.name, "[", int64_t(i) / b.ld, ", ", int64_t(i) % b.ld, "]");
}

/// Everything outside the elements must still be what it was.
void check_sentinels(const Buffer& b, const std::vector<std::byte>& got, std::vector<std::string>& faults) {
  const size_t first = size_t(b.data - b.region), bytes = size_t(b.elements()) * size_of(b.type);
  for (size_t i = 0; i < got.size(); ++i) {
    const bool inside = i >= first && i < first + bytes;
    const size_t element = inside ? (i - first) / size_of(b.type) : 0;
    if (inside && b.output && int64_t(element) % b.ld < b.cols) continue;
    if (got[i] != b.image[i])
      return faults.push_back(inside ? cat("wrote ", place(b, element), ", which it does not own")
                                     : cat("wrote ", int64_t(i) - int64_t(first), " bytes from the start of ", b.name,
                                           " of ", bytes, " bytes"));
  }
}

/// Error over what is allowed; more than 1 is a fault.
double check_values(const Buffer& b, const std::vector<float>& got, bool bits, std::vector<std::string>& faults) {
  double error = 0, norm = 0, naive = 0;
  for (size_t i = 0; i < got.size(); ++i) {
    if (int64_t(i) % b.ld >= b.cols) continue;
    if (std::isnan(got[i]) && std::isnan(b.want[i])) continue;
    const float want = b.type == Type::kBf16 && bits ? to_float(to_bf16(b.want[i])) : b.want[i];
    if (bits && std::memcmp(&got[i], &want, 4) != 0 && !(got[i] == 0 && want == 0 && b.type == Type::kBf16)) {
      faults.push_back(cat(place(b, i), " = ", got[i], ", expected the CPU kernel's bits ", want));
      return 2;
    }
    if (std::isnan(got[i]) != std::isnan(want)) {
      faults.push_back(cat(place(b, i), " = ", got[i], ", expected ", want));
      return 2;
    }
    const double d = double(got[i]) - double(b.want[i]), r = double(to_float(to_bf16(b.want[i]))) - double(b.want[i]);
    error += d * d, norm += double(b.want[i]) * double(b.want[i]), naive += r * r;
  }
  const double floor = 1e-6 * std::sqrt(double(b.rows * b.cols));
  double allowed = (b.tolerance > 0 ? b.tolerance : 1e-5) * std::sqrt(norm) + floor;
  if (b.type == Type::kBf16)
    allowed = 2 * std::sqrt(naive) + 5e-4 * std::sqrt(norm) + floor + b.tolerance * std::sqrt(norm);
  const double ratio = std::sqrt(error) / allowed;
  if (!(ratio <= 1)) {
    size_t worst = 0;
    for (size_t i = 0; i < got.size(); ++i)
      if (int64_t(i) % b.ld < b.cols && std::abs(got[i] - b.want[i]) > std::abs(got[worst] - b.want[worst])) worst = i;
    faults.push_back(cat("|", b.name, " - expected| = ", std::sqrt(error), ", allowed ", allowed, "; worst ",
                         place(b, worst), " = ", got[worst], ", expected ", b.want[worst]));
  }
  return ratio;
}

std::vector<std::vector<std::byte>> run_once(Trial& t) {
  t.upload();
  t.launch();
  device::synchronize();
  std::vector<std::vector<std::byte>> regions;
  for (Buffer& b : t.buffers) regions.push_back(t.fetch(b));
  return regions;
}

/// The same problem with fewer rows of the batch: what both have must be equal, bit for bit.
void check_batch(const KernelCase& c, const Trial& whole, const std::vector<std::vector<std::byte>>& got,
                 std::vector<std::string>& faults) {
  Dims d = whole.dims;
  int64_t& rows = d[size_t(c.batch_dim)];
  if (rows < 2) return;
  rows = (rows + 1) / 2;
  Trial part(d, whole.fill, whole.shift, false);
  c.make(part);
  const auto own = run_once(part);
  for (size_t k = 0; k < part.buffers.size(); ++k) {
    const Buffer &b = part.buffers[k], &w = whole.buffers[k];
    if (!b.output || b.rows >= w.rows || b.ld != w.ld) continue;  // sums over the batch differ, rows may not
    const std::vector<float> x = part.values_of(b, own[k]), y = whole.values_of(w, got[k]);
    for (size_t i = 0; i < x.size(); ++i)
      if (int64_t(i) % b.ld < b.cols && std::memcmp(&x[i], &y[i], 4) != 0)
        return faults.push_back(cat(place(b, i), " = ", y[i], ", but ", x[i], " with ", rows, " rows in the batch"));
  }
}

std::vector<std::string> check_problem(const KernelCase& c, Trial& t, const CheckOptions& o, double& worst) {
  std::vector<std::string> faults;
  c.make(t);
  R1_CHECK(!t.fast || c.batch_dim < 0, "a case in fast mode names batch_dim ", c.batch_dim,
           ", expected -1: only exact mode has rows whose bits do not depend on the batch");
  t.reference();
  next_schedule(0);
  const auto first = run_once(t);
  if (const int64_t beyond = t.workspace_overrun(); beyond >= 0)
    faults.push_back(cat("wrote ", beyond, " bytes beyond the workspace of ", t.workspace, " bytes"));
  size_t k = 0;
  for (Buffer& b : t.buffers) {
    check_sentinels(b, first[k], faults);
    if (b.output) {
      const bool bits = t.exact || (t.exact_integers && t.fill == Fill::kInteger);
      worst = std::max(worst, check_values(b, t.values_of(b, first[k]), bits, faults));
    }
    ++k;
  }
  for (int run = 1; run < o.runs && faults.empty(); ++run) {
    next_schedule(run);
    if (run_once(t) != first) faults.push_back(cat("run ", run + 1, " gave other bits than the first"));
  }
  next_schedule(0);
  if (c.batch_dim >= 0 && faults.empty()) check_batch(c, t, first, faults);
  return faults;
}

}  // namespace

Verdict check_case(const std::string& name, const KernelCase& c, const CheckOptions& o) {
  Verdict v;
  for (const Dims& d : c.check)
    for (const Fill fill : {Fill::kReal, Fill::kInteger})
      for (int shift = 0; shift <= (o.alignments ? 1 : 0); ++shift) {
        if (int(v.faults.size()) >= o.most_faults) return v;
        const std::string where =
            cat(name, " (", text_of(d), fill == Fill::kInteger ? ", integers" : "", shift ? ", unaligned" : "", "): ");
        ++v.problems;
        try {
          Trial t(d, fill, shift, false);
          for (const std::string& f : check_problem(c, t, o, v.worst)) v.faults.push_back(where + f);
        } catch (const std::exception& e) {
          v.faults.push_back(where + e.what());
        }
      }
  return v;
}

}  // namespace r1::harness
