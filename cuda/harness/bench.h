// Times kernels beside the machine's measured limits and a library. Paper: none.
#pragma once
#include <string>
#include <vector>

#include "harness/trial.h"
#include "kernels/device.h"

namespace r1::harness {

struct Limits {
  double copy_gbs = 0;     ///< device-to-device copy, bytes read plus written
  double gemm_tflops = 0;  ///< best library product at 8192^3 in bf16; 0: no library
};
struct Timing {
  std::string name, size;
  double ms = 0, gbs = 0, tflops = 0;
  double limit_ratio = 0;    ///< of copy bandwidth, or of the library's best product
  double copy_ratio = 0;     ///< time of a copy that moves as many bytes, measured alike / ours; 0: not judged by bytes
  double library_ratio = 0;  ///< library's time / ours on the same problem; 0: no library
  bool fast = false;         ///< in fast mode (Exec::exact)
  double price = 0;          ///< then: exact mode's time / fast mode's on the same problem
  std::string fault;         ///< not measured, and why
};

/// Median milliseconds of `run`, each time with a cold L2.
double median_ms(const std::function<void(void*)>& run, int repeats, size_t flush_bytes);
Limits measure_limits();
Timing time_case(const std::string& name, const KernelCase& c, const Dims& d, const Limits& limits);

/// The table for a terminal, and for files.
std::string table(const std::vector<Timing>& rows, const Limits& limits);
std::string markdown(const device::Info& info, const std::vector<Timing>& rows, const Limits& limits);
std::string json(const device::Info& info, const std::vector<Timing>& rows, const Limits& limits);

}  // namespace r1::harness
