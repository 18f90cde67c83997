// Figures of a kernel that need no GPU: what the emulator counts while a case runs once, threads in order, so that
// every run gives the same numbers. "x moved": 32-byte sectors that the kernel asks of global memory over those that
// hold its arguments; what caches catch of that is not known here. Shared memory: passes over the 32 banks, and those
// that conflicts cost. "mma": instructions of a warp (mma) or of four (wgmma). Paper: none.
#include <algorithm>

#include "harness/check.h"
#include "harness/emulated.h"
#include "harness/select.h"
#include "kernels/device.h"
#ifdef R1_GPU_EMULATED
#include "emulator/emulator.hpp"
#endif

namespace r1::harness {

#ifdef R1_GPU_EMULATED

namespace {

std::string cell(const std::string& s, size_t width, bool right = true) {
  const std::string pad(s.size() < width ? width - s.size() : 0, ' ');
  return right ? pad + s : s + pad;
}
std::string ratio(double x) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f", x);
  return text;
}

/// Sectors that hold the arguments: each input read once, each output written once.
double sectors_of(const Trial& t) {
  double bytes = 0;
  for (const Buffer& b : t.buffers) bytes += double(b.rows * b.cols) * double(size_of(b.type)) * (b.input + b.output);
  return bytes / 32;
}

std::string counters_of(const std::string& name, const KernelCase& c, const Dims& d, bool of_reader) {
  detect_races(of_reader);  // before the upload: what the host writes counts as written
  Trial t(d, Fill::kInteger, 0, true);
  c.make(t);
  t.upload();
  next_schedule(0);
  gpu::emu::options().count = true;
  device::synchronize();
  gpu::emu::reset_counters();
  t.launch();
  device::synchronize();
  const gpu::emu::Counters n = gpu::emu::counters();
  detect_races(false);
  const bool plain = sees_plain_accesses() || of_reader;
  const auto memory = [&](uint64_t x) { return plain ? std::to_string(x) : "-"; };
  return cell(name, 34, false) + cell(text_of(d), 18, false) + cell(memory(n.global_requests), 10) +
         cell(memory(n.global_sectors), 11) + cell(plain ? ratio(double(n.global_sectors) / sectors_of(t)) : "-", 9) +
         cell(memory(n.shared_wavefronts), 11) + cell(memory(n.bank_conflicts), 11) +
         cell(std::to_string(n.tma_copies), 6) + cell(std::to_string(n.mma), 8) + cell(std::to_string(n.barriers), 9) +
         cell(std::to_string(n.warp_ops), 10) + "\n";
}

}  // namespace

std::string counter_table(const std::vector<Selected>& cases) {
  std::string s = cell("kernel", 34, false) + cell("size", 18, false) + cell("requests", 10) + cell("sectors", 11) +
                  cell("x moved", 9) + cell("wavefronts", 11) + cell("conflicts", 11) + cell("TMA", 6) +
                  cell("mma", 8) + cell("barriers", 9) + cell("warp ops", 10) + "\n";
  for (const Selected& c : cases)
    for (const Dims& d : c.run.check) {
      if (c.of_reader) s += counters_of(c.name + " (yours)", c.run, d, true);
      s += counters_of(c.name + (c.of_reader ? " (ours)" : ""), c.ours, d, false);
    }
  if (!sees_plain_accesses())
    s += "-: not seen: our kernels' plain accesses a[i] are counted in a build with R1_CUDA_RACE=ON alone\n";
  return s;
}

#else

std::string counter_table(const std::vector<Selected>&) { return ""; }

#endif

}  // namespace r1::harness
