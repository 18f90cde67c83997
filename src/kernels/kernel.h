// The kernel seam. A contract in src/kernels/NAME.h declares one function per instruction set, a CUDA twin
// and the dispatching call; src/kernels/NAME.cpp defines it inside `namespace r1::R1_ISA`, compiled once per set.
// Kernels see pointers and sizes only: they never see a Tensor, never allocate, never synchronise.
// Trap: code in these files must not instantiate non-inlined library templates with types that other files use too:
// the linker could pick the copy that was compiled for a newer CPU. Paper: none.
#pragma once
#include <cstddef>
#include <cstdint>

#include "base/bf16.h"
#include "base/check.h"
#include "base/parallel.h"
#include "base/types.h"

namespace r1 {

enum class Isa : uint8_t { kV3, kV4 };

/// The instruction set in use: x86-64-v4 (AVX-512) if the CPU has it, else v3 (AVX2 + FMA). R1_ISA=v3 in the
/// environment forces v3: results are bitwise the same. Throws Error on a CPU that has neither.
Isa active_isa();
/// Forces an instruction set (tests and benchmarks). The CPU must have it.
void set_active_isa(Isa isa);
bool cpu_has(Isa isa);

/// Where and how a kernel runs. Passed down by value or const reference; never global.
struct Exec {
  Device device = Device::kCpu;
  void* stream = nullptr;          ///< CUDA stream; unused on the CPU
  ThreadPool* pool = nullptr;      ///< null: the caller's thread alone
  std::byte* workspace = nullptr;  ///< scratch of the caller, at least what NAME_workspace() asks for, 64-byte aligned
  size_t workspace_bytes = 0;
  bool meta = false;  ///< shapes only: every kernel returns at once (memory planning, `r1 inspect`)
  /// Exact: a row's bits depend on nothing but the row, and float is computed as float. False, fast mode: a kernel may
  /// choose its algorithm by the whole shape (split k) and round operands (tf32); the same bits run to run even so. The
  /// contract says what is lost and which scratch it takes. The CPU is always exact.
  bool exact = true;
  int workers() const { return pool ? pool->size() : 1; }
};

}  // namespace r1

#ifdef R1_ISA_X86
#define R1_KERNEL_DECLARE(name, ...) \
  namespace v3 {                     \
  void name(__VA_ARGS__);            \
  }                                  \
  namespace v4 {                     \
  void name(__VA_ARGS__);            \
  }
#define R1_KERNEL_PICK(name, ...) (::r1::active_isa() == ::r1::Isa::kV4 ? v4::name(__VA_ARGS__) : v3::name(__VA_ARGS__))
#else
#define R1_KERNEL_DECLARE(name, ...) \
  namespace any {                    \
  void name(__VA_ARGS__);            \
  }
#define R1_KERNEL_PICK(name, ...) any::name(__VA_ARGS__)
#endif

// A build with CUDA (nvcc, or the emulator) defines R1_CUDA and links cuda/kernels: a twin that is missing there is a
// link error which names it. Without, asking for the device is a run-time error.
#ifdef R1_CUDA
#define R1_KERNEL_ON_CUDA(name, ...) cuda::name(__VA_ARGS__)
#else
#define R1_KERNEL_ON_CUDA(name, ...) fail("built without CUDA: " #name " cannot run on the device")
#endif

/// Declares the contract `name(const Exec&, ...)` inside namespace r1. One line per kernel; the arguments after the
/// name are its parameter list, the first of which is `const Exec& ex`. Its CUDA twin is `cuda::name`.
#define R1_KERNEL(name, ...)                                                                       \
  R1_KERNEL_DECLARE(name, __VA_ARGS__)                                                             \
  namespace cuda {                                                                                 \
  void name(__VA_ARGS__);                                                                          \
  }                                                                                                \
  template <class... Args>                                                                         \
  inline void name(const Exec& ex, const Args&... args) {                                          \
    if (ex.meta) return;                                                                           \
    if (ex.device != Device::kCpu) return static_cast<void>(R1_KERNEL_ON_CUDA(name, ex, args...)); \
    R1_KERNEL_PICK(name, ex, args...);                                                             \
  }

/// A contract whose CUDA twin is still to come. tests/meta prints these; the list may only shrink.
#define R1_KERNEL_CPU_ONLY(name, ...)                                  \
  R1_KERNEL_DECLARE(name, __VA_ARGS__)                                 \
  template <class... Args>                                             \
  inline void name(const Exec& ex, const Args&... args) {              \
    if (ex.meta) return;                                               \
    if (ex.device != Device::kCpu) fail("no CUDA kernel yet: " #name "; use --device cpu"); \
    R1_KERNEL_PICK(name, ex, args...);                                 \
  }

/// An overload that exists on the device alone (bf16: the CPU trains in float). Called as `cuda::name`.
#define R1_KERNEL_CUDA(name, ...) \
  namespace cuda {                \
  void name(__VA_ARGS__);         \
  }
