// Chooses the instruction set once, at start (kernels/kernel.h). Lives outside src/kernels because those files are
// compiled for the newer instruction sets and this one must run anywhere. Paper: none.
#include <cstdlib>
#include <string_view>

#include "kernels/kernel.h"

namespace r1 {

bool cpu_has(Isa isa) {
#ifdef R1_ISA_X86
  __builtin_cpu_init();
  const bool v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
  if (isa == Isa::kV3) return v3;
  return v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
#else
  (void)isa;
  return true;
#endif
}

static Isa choose() {
  const char* want = std::getenv("R1_ISA");
  if (want && std::string_view(want) != "v3" && std::string_view(want) != "v4")
    fail("environment R1_ISA = '", want, "', expected v3 or v4");
  if (!cpu_has(Isa::kV3)) fail("this CPU lacks AVX2 and FMA (x86-64-v3), which r1 needs");
  if (want && std::string_view(want) == "v4" && !cpu_has(Isa::kV4)) fail("R1_ISA=v4, but this CPU lacks AVX-512");
  return cpu_has(Isa::kV4) && !(want && std::string_view(want) == "v3") ? Isa::kV4 : Isa::kV3;
}

static Isa& current() {
  static Isa isa = choose();
  return isa;
}

Isa active_isa() { return current(); }

void set_active_isa(Isa isa) {
  R1_CHECK(cpu_has(isa), "this CPU lacks the instruction set asked for");
  current() = isa;
}

}  // namespace r1
