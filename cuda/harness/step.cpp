// One thread of one case, event by event, beside its source (emulator/step.hpp). Paper: none.
#include <unistd.h>

#include <cstdio>
#include <iostream>

#include "harness/check.h"
#include "harness/emulated.h"
#include "harness/select.h"
#include "kernels/device.h"
#ifdef R1_GPU_EMULATED
#include "emulator/step.hpp"
#endif

namespace r1::harness {

#ifdef R1_GPU_EMULATED

void step_case(const KernelBenchOptions& o, const Selected& s) {
  const gpu::emu::StepPlan plan = gpu::emu::parse_step(o.step);
  detect_races(s.of_reader);  // before the upload: what the host writes counts as written
  Trial t(s.run.check.front(), Fill::kInteger, 0, false);
  s.run.make(t);
  t.upload();
  const bool by_hand = isatty(STDIN_FILENO) == 1;
  std::printf("%s (%s = %s), small integers; block %lld, thread %d%s%s\n", s.name.c_str(), s.run.dims,
              text_of(t.dims).c_str(), static_cast<long long>(plan.block), plan.thread,
              sees_plain_accesses() || s.of_reader ? "" : "; plain accesses a[i] show in a build with R1_CUDA_RACE=ON",
              by_hand ? "\nEnter: next, b: to the next barrier, c: to the end, q: silence" : "");
  std::fflush(stdout);
  gpu::emu::step_thread(plan, by_hand ? &std::cin : nullptr, std::cout);
  t.launch();
  device::synchronize();
  const uint64_t events = gpu::emu::stop_steps();
  if (events == 0)
    fail("--emu-step ", o.step, ": ", s.name,
         " has no such thread, or it does nothing there; expected a smaller number, ", "or a larger problem by --size");
  std::cout << events << " events\n";
}

#else

void step_case(const KernelBenchOptions&, const Selected&) {
  fail("--emu-step needs the emulated build: cmake -S cuda -B build/emulated -DR1_CUDA_EMULATED=ON, or the preset ",
       "cuda-emulated");
}

#endif

}  // namespace r1::harness
