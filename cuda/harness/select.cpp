// Names to cases. Paper: none.
#include "harness/select.h"

#include <algorithm>
#include <cstdio>
#include <set>

namespace r1::harness {

namespace {

/// "gemm/bf16/nt" is of the kernel "gemm"; a ladder's step is a kernel of its own.
std::string kernel_of(const std::string& name) {
  return name.rfind("ladder/", 0) == 0 ? name : name.substr(0, name.find('/'));
}

std::string known_kernels() {
  std::set<std::string> names;
  for (const auto& [name, c] : Registry<KernelCase>::get().entries()) names.insert(kernel_of(name));
  std::string s;
  for (const std::string& n : names) s += (s.empty() ? "" : ", ") + n;
  return s;
}

/// The case with one problem, of the size asked for.
KernelCase with_size(const std::string& name, KernelCase c, const Dims& size) {
  if (size.empty()) return c;
  const auto dims = size_t(std::count(c.dims, c.dims + std::string(c.dims).size(), ',') + 1);
  R1_CHECK(size.size() == dims, "size of ", size.size(), " numbers, expected ", dims, " for ", name, ": ", c.dims);
  for (int64_t x : size) R1_CHECK(x >= 1, "size ", x, ", expected at least 1 (", c.dims, ")");
  c.check = c.bench = {size};
  return c;
}

}  // namespace

std::vector<Selected> select_cases(const KernelBenchOptions& o) {
  std::vector<Selected> chosen;
  bool kernel_exists = false;
  for (const auto& [name, c] : Registry<KernelCase>::get().entries()) {
    if (name.rfind(o.kernel, 0) != 0) continue;
    kernel_exists = true;
    if (!o.only.empty() && name.find(o.only) == std::string::npos) continue;
    const KernelCase sized = with_size(name, c, o.size);
    chosen.push_back({name, sized, sized});
  }
  if (!kernel_exists) fail("unknown kernel '", o.kernel, "', expected one of: ", known_kernels());
  if (chosen.empty())
    fail("no case", o.kernel.empty() ? "" : " of kernel '" + o.kernel + "'", " has '", o.only,
         "' in its name, expected one of those that --list (or `r1_gpu list`) shows");
  return chosen;
}

std::string comparison_table(const std::vector<Comparison>& rows) {
  char line[200];
  std::snprintf(line, sizeof line, "%-30s%-20s%12s%12s%14s\n", "kernel", "size", "yours us", "ours us", "ours / yours");
  std::string s = line;
  for (const Comparison& c : rows) {
    const std::string fault = c.ours.fault.empty() ? c.yours.fault : c.ours.fault;
    std::snprintf(line, sizeof line, "%-30s%-20s%12.1f%12.1f%14.3f", c.ours.name.c_str(), c.ours.size.c_str(),
                  c.yours.ms * 1e3, c.ours.ms * 1e3, c.yours.ms > 0 ? c.ours.ms / c.yours.ms : 0.0);
    s += fault.empty() ? line : c.ours.name + "  not measured: " + fault;
    s += "\n";
  }
  return s;
}

}  // namespace r1::harness
