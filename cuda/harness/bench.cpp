// Timing by events around single launches, each after a write of more than the L2 holds; medians. Paper: none.
#include "harness/bench.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>

#include "gpu/host.hpp"
#include "harness/check.h"

namespace r1::harness {

double median_ms(const std::function<void(void*)>& run, int repeats, size_t flush_bytes) {
  static void* flush = nullptr;
  static size_t have = 0;
  if (flush_bytes > have) {
    gpu::free_device(flush);
    flush = gpu::malloc_device(have = flush_bytes, "flush of the L2");
  }
  const gpu::Stream stream = nullptr;
  for (int i = 0; i < 3; ++i) run(stream);
  device::synchronize();
  // Clocks fall while a case makes its inputs: some work before anything counts, and not of the kind that heats.
  const auto start = std::chrono::steady_clock::now();
  while (flush_bytes && std::chrono::steady_clock::now() - start < std::chrono::milliseconds(30)) {
    gpu::fill_async(flush, 0, flush_bytes, stream);
    device::synchronize();
  }
  std::vector<device::Event> begin(static_cast<size_t>(repeats)), done(static_cast<size_t>(repeats));
  for (int i = 0; i < repeats; ++i) {
    if (flush_bytes) gpu::fill_async(flush, i & 1, flush_bytes, stream);
    begin[size_t(i)].record(stream);
    run(stream);
    done[size_t(i)].record(stream);
  }
  device::synchronize();
  std::vector<double> ms;
  for (int i = 0; i < repeats; ++i) ms.push_back(double(done[size_t(i)].since(begin[size_t(i)])));
  std::sort(ms.begin(), ms.end());
  return ms[ms.size() / 2];
}

namespace {

constexpr size_t kFlush = size_t{256} << 20;

double library_ms(int64_t m, int64_t n, int64_t k, const void* a, const void* b, void* c, bool float_c) {
  gpu::LibraryGemm g;
  g.m = m, g.n = n, g.k = k;
  g.c_type = float_c ? gpu::TileType::kFloat : gpu::TileType::kBf16;
  return median_ms([&](void* s) { gpu::library_gemm(g, c, a, b, s); }, 15, kFlush);
}

/// Milliseconds of a copy that reads and writes `bytes` in all, in the way kernels are timed: the launch, cold caches
/// and the tail count in both, and weigh on small problems. Measured anew for each kernel, right after it.
double copy_ms(double bytes) {
  const int64_t most = int64_t{2} << 30, half = std::max<int64_t>(std::min(int64_t(bytes), most) / 2, 1);
  void* from = device::allocate(size_t(half), "copy of as many bytes");
  void* to = device::allocate(size_t(half), "copy of as many bytes");
  gpu::fill_async(from, 1, size_t(half), nullptr);
  const double ms =
      median_ms([&](void* s) { gpu::copy_async(to, from, size_t(half), gpu::Copy::kOnDevice, s); }, 15, kFlush);
  device::release(from);
  device::release(to);
  return ms * std::max(1.0, bytes / 2 / double(half));
}

void make_product(Trial& t, int64_t n) {
  t.in<bf16>("a", n, n);
  t.in<bf16>("b", n, n);
  t.out<bf16>("c", n, n);
  t.upload();
}

}  // namespace

Limits measure_limits() {
  Limits l;
  const bool emulated = device::info().emulated;
  const size_t bytes = emulated ? size_t{1} << 16 : size_t{2} << 30;
  void* from = device::allocate(bytes, "copy probe");
  void* to = device::allocate(bytes, "copy probe");
  gpu::fill_async(from, 1, bytes, nullptr);
  const double ms =
      median_ms([&](void* s) { gpu::copy_async(to, from, bytes, gpu::Copy::kOnDevice, s); }, emulated ? 1 : 11, 0);
  l.copy_gbs = 2 * double(bytes) / std::max(ms, 1e-6) / 1e6;
  device::release(from);
  device::release(to);
  if (gpu::has_library_gemm() && !emulated) {
    constexpr int64_t n = 8192;
    Trial t({}, Fill::kReal, 0, true);
    make_product(t, n);
    const double best = library_ms(n, n, n, t.buffers[0].data, t.buffers[1].data, t.buffers[2].data, false);
    l.gemm_tflops = 2.0 * n * n * n / best / 1e9;
  }
  return l;
}

Timing time_case(const std::string& name, const KernelCase& c, const Dims& d, const Limits& limits) {
  Timing r;
  r.name = name, r.size = text_of(d);
  try {
    const bool emulated = device::info().emulated;
    Trial t(d, Fill::kReal, 0, true);
    c.make(t);
    t.upload();
    const auto time = [&] {
      return median_ms([&](void* s) { t.launch(s); }, emulated ? 1 : 15, emulated ? 0 : kFlush);
    };
    r.ms = time();
    r.fast = t.fast;
    if (t.fast && !emulated) {
      t.fast = false;
      r.price = time() / r.ms;
    }
    if (c.tensor_cores) {
      r.tflops = t.flops / r.ms / 1e9;
      if (limits.gemm_tflops > 0) r.limit_ratio = r.tflops / limits.gemm_tflops;
    } else {
      r.gbs = t.bytes / r.ms / 1e6;
      r.limit_ratio = r.gbs / limits.copy_gbs;
      if (!emulated) r.copy_ratio = copy_ms(t.bytes) / r.ms;
    }
    // A product C = A B^T has a library to compare with.
    if (name.rfind("gemm/bf16", 0) == 0 && name.find("nt") != std::string::npos && gpu::has_library_gemm() &&
        !emulated) {
      const bool float_c = t.buffers[2].type == Type::kFloat;
      r.library_ratio =
          library_ms(d[0], d[1], d[2], t.buffers[0].data, t.buffers[1].data, t.buffers[2].data, float_c) / r.ms;
    }
  } catch (const std::exception& e) {
    r.fault = e.what();
  }
  return r;
}

namespace {

std::string format(const char* f, double x) {
  char text[64];
  std::snprintf(text, sizeof text, f, x);
  return text;
}
std::string cell(const std::string& s, size_t width, bool right = true) {
  const std::string pad(s.size() < width ? width - s.size() : 0, ' ');
  return right ? pad + s : s + pad;
}
std::string rate(const Timing& t) {
  return t.tflops > 0 ? format("%.1f TFLOP/s", t.tflops) : format("%.0f GB/s", t.gbs);
}
std::string mode(const Timing& t) { return t.fast ? "fast" : "exact"; }
std::string ratio(double x) { return x > 0 ? format("%.3f", x) : "-"; }
std::string quoted(const std::string& s) {
  std::string q = "\"";
  for (char c : s) {
    if (c == '"' || c == '\\') q += '\\';
    q += static_cast<unsigned char>(c) < 32 ? ' ' : c;
  }
  return q + "\"";
}

}  // namespace

std::string table(const std::vector<Timing>& rows, const Limits& limits) {
  std::string s = cat("limits: copy ", format("%.0f", limits.copy_gbs), " GB/s, library product ",
                      format("%.0f", limits.gemm_tflops), " TFLOP/s\n");
  s += cell("kernel", 30, false) + cell("size", 20, false) + cell("us", 10) + cell("rate", 15) + cell("of limit", 10) +
       cell("copy/ours", 11) + cell("library/ours", 14) + cell("mode", 7) + cell("exact/fast", 12) + "\n";
  for (const Timing& t : rows)
    s += cell(t.name, 30, false) + cell(t.size, 20, false) +
         (t.fault.empty() ? cell(format("%.1f", t.ms * 1e3), 10) + cell(rate(t), 15) + cell(ratio(t.limit_ratio), 10) +
                                cell(ratio(t.copy_ratio), 11) + cell(ratio(t.library_ratio), 14) + cell(mode(t), 7) +
                                cell(ratio(t.price), 12)
                          : "  " + t.fault) +
         "\n";
  return s;
}

std::string markdown(const device::Info& i, const std::vector<Timing>& rows, const Limits& limits) {
  std::string s =
      cat("# Kernels on ", i.name, "\n\nDriver ", i.driver, ", CUDA ", i.runtime, ", compute capability ", i.major, ".",
          i.minor, ", ", i.sms, " multiprocessors, clocks ", i.clock_mhz, " / ", i.memory_mhz, " MHz (largest), L2 ",
          i.l2_bytes >> 20, " MiB. Copy ", format("%.0f", limits.copy_gbs),
          " GB/s (read plus written); cuBLASLt bf16 at 8192^3 ", format("%.0f", limits.gemm_tflops),
          " TFLOP/s. Medians of 15, L2 cold. \"copy / ours\": a copy that moves as many bytes, timed alike; \"exact / "
          "fast\": what exact mode costs on the same problem.\n\n");
  s += "| kernel | size | us | rate | of limit | copy / ours | library / ours | mode | exact / fast |\n"
       "|---|---|---|---|---|---|---|---|---|\n";
  for (const Timing& t : rows)
    s += t.fault.empty() ? cat("| ", t.name, " | ", t.size, " | ", format("%.1f", t.ms * 1e3), " | ", rate(t), " | ",
                               ratio(t.limit_ratio), " | ", ratio(t.copy_ratio), " | ", ratio(t.library_ratio), " | ",
                               mode(t), " | ", ratio(t.price), " |\n")
                         : cat("| ", t.name, " | ", t.size, " | not measured: ", t.fault, " | | | | | | |\n");
  return s;
}

std::string json(const device::Info& i, const std::vector<Timing>& rows, const Limits& limits) {
  std::string s =
      cat("{\"device\": ", quoted(i.name), ", \"driver\": ", quoted(i.driver), ", \"cuda\": ", quoted(i.runtime),
          ", \"capability\": ", i.major * 10 + i.minor, ", \"clock_mhz\": ", i.clock_mhz,
          ", \"emulated\": ", i.emulated ? "true" : "false", ", \"copy_gbs\": ", limits.copy_gbs,
          ", \"library_tflops\": ", limits.gemm_tflops, ", \"rows\": [");
  bool first = true;
  for (const Timing& t : rows) {
    s += cat(first ? "\n" : ",\n", "  {\"kernel\": ", quoted(t.name), ", \"size\": ", quoted(t.size),
             ", \"ms\": ", t.ms, ", \"gbs\": ", t.gbs, ", \"tflops\": ", t.tflops, ", \"of_limit\": ", t.limit_ratio,
             ", \"copy_over_ours\": ", t.copy_ratio, ", \"library_over_ours\": ", t.library_ratio, ", \"mode\": \"",
             mode(t), "\", \"exact_over_fast\": ", t.price, ", \"fault\": ", quoted(t.fault), "}");
    first = false;
  }
  return s + "\n]}\n";
}

}  // namespace r1::harness
