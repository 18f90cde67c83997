// Times our matrix product and oneDNN's in turn, in one process, with an FMA loop between them: on a shared machine
// only such ratios mean something. Operands stay where the caches keep them between calls, for both sides alike. Trap:
// the OpenMP threads of oneDNN spin for a moment after a call; with several threads a pause precedes our turn.
// Paper: none.
#include "cli/bench_gemm.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <thread>
#include <vector>

#include "base/rng.h"
#include "kernels/gemm.h"
#include "kernels/probe.h"

#if defined(R1_HAVE_DNNL) && !defined(R1_REAL_DOUBLE)
#define R1_BENCH_DNNL 1
#include <dlfcn.h>
#include <dnnl.h>
#endif

namespace r1 {
namespace {

#ifdef R1_BENCH_DNNL
constexpr bool kPeer = true;
void peer_threads(int n) {
  using Set = void (*)(int);
  if (auto set = reinterpret_cast<Set>(dlsym(RTLD_DEFAULT, "omp_set_num_threads"))) set(n);
}
void peer_gemm(const GemmArgs& g) {
  const dnnl_status_t status = dnnl_sgemm(g.trans_a ? 'T' : 'N', g.trans_b ? 'T' : 'N', g.m, g.n, g.k, 1.0f, g.a, g.lda,
                                          g.b, g.ldb, g.accumulate ? 1.0f : 0.0f, g.c, g.ldc);
  if (status != dnnl_success) fail("oneDNN: dnnl_sgemm returned ", static_cast<int>(status));
}
#else
constexpr bool kPeer = false;
void peer_threads(int) {}
void peer_gemm(const GemmArgs&) {}
#endif

enum Form { kNN, kNT, kTN, kPacked };

/// One row of the table: a product, or several of different M that share N and K (grouped experts).
struct Row {
  std::string name;
  std::vector<int64_t> m;
  int64_t n, k;
  Form form;
};

std::vector<Row> rows() {
  std::vector<Row> v;
  const int64_t layers[][2] = {{96, 96}, {96, 40}, {32, 128}, {96, 192}, {192, 96}, {128, 512}, {256, 64}, {96, 512}};
  for (int64_t tokens : {256, 2048})
    for (const auto& [in, out] : layers) {
      const std::string shape = cat(" ", tokens, " tokens ", in, "->", out);
      v.push_back({"NT fwd" + shape, {tokens}, out, in, kNT});
      v.push_back({"NN bwd" + shape, {tokens}, in, out, kNN});
      v.push_back({"TN dW " + shape, {out}, in, tokens, kTN});
    }
  for (int64_t m : {1, 8, 64})
    for (const auto& [in, out] : {std::pair<int64_t, int64_t>{96, 192}, {128, 512}, {512, 2048}}) {
      const std::string shape = cat(" ", m, " rows ", in, "->", out);
      v.push_back({"NT decode" + shape, {m}, out, in, kNT});
      v.push_back({"NN decode" + shape, {m}, out, in, kNN});
      v.push_back({"packed decode" + shape, {m}, out, in, kPacked});
    }
  for (int64_t n : {48, 96})
    for (Form form : {kNT, kPacked})
      v.push_back({cat(form == kNT ? "NT" : "packed", " experts 8 x 0..64 96->", n),
                   {5, 64, 0, 17, 31, 2, 44, 37},
                   n,
                   96,
                   form});
  for (int64_t n : {32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 2048})
    v.push_back({cat("NN cube ", n), {n}, n, n, kNN});
  return v;
}

struct Free {
  void operator()(void* p) const { std::free(p); }
};
using Buffer = std::unique_ptr<real, Free>;
Buffer buffer(int64_t elements, Rng* rng) {
  const size_t bytes = (static_cast<size_t>(elements) * sizeof(real) + 127) / 64 * 64;
  Buffer b(static_cast<real*>(std::aligned_alloc(64, bytes)));
  R1_CHECK(b, "bench: no memory for ", bytes, " bytes");
  for (int64_t i = 0; i < elements; ++i) b.get()[i] = rng ? static_cast<real>(rng->uniform() - 0.5) : real(0);
  return b;
}

/// The operands of a row and both ways to run it.
struct Problem {
  std::vector<GemmArgs> products;
  std::vector<Buffer> memory;
  Buffer scratch;
  size_t scratch_bytes = 0;
  double flops = 0;

  Problem(const Row& row, int threads) {
    Rng rng(1, Stream::kTest);
    for (int64_t m : row.m) {
      GemmArgs g;
      g.m = m, g.n = row.n, g.k = row.k;
      g.trans_a = row.form == kTN, g.trans_b = row.form == kNT || row.form == kPacked;
      g.accumulate = row.form == kTN;
      g.lda = g.trans_a ? m : row.k, g.ldb = g.trans_b ? row.k : row.n, g.ldc = row.n;
      g.a = keep(m * row.k, &rng), g.b = keep(row.n * row.k, &rng), g.c = const_cast<real*>(keep(m * row.n, nullptr));
      if (row.form == kPacked) {
        real* packed = const_cast<real*>(keep(gemm_packed_size(row.n, row.k), nullptr));
        gemm_pack_b(Exec{}, packed, g.b, g.ldb, true, row.n, row.k);
        g.packed_b = packed;
      }
      scratch_bytes =
          std::max(scratch_bytes, gemm_workspace(g, threads) * static_cast<size_t>(row.m.size() > 1 ? threads : 1));
      flops += 2.0 * static_cast<double>(m) * static_cast<double>(row.n) * static_cast<double>(row.k);
      products.push_back(g);
    }
    scratch = buffer(static_cast<int64_t>(scratch_bytes / sizeof(real)) + 1, nullptr);
  }
  const real* keep(int64_t n, Rng* rng) { return memory.emplace_back(buffer(n, rng)).get(); }

  void ours(ThreadPool* pool) const {
    Exec ex;
    ex.workspace = reinterpret_cast<std::byte*>(scratch.get());
    ex.workspace_bytes = scratch_bytes;
    if (products.size() == 1) {
      ex.pool = pool;
      gemm(ex, products[0]);
      return;
    }
    if (!pool) {
      for (const GemmArgs& g : products) gemm(ex, g);
      return;
    }
    ex.workspace_bytes = scratch_bytes / static_cast<size_t>(pool->size()) / 64 * 64;
    parallel_for(pool, static_cast<int64_t>(products.size()), [&](int64_t i, int worker) {
      Exec own = ex;
      own.workspace += static_cast<size_t>(worker) * ex.workspace_bytes;
      gemm(own, products[static_cast<size_t>(i)]);
    });
  }
  void peer() const {
    for (const GemmArgs& g : products)
      if (g.m > 0) peer_gemm(g);
  }
};

/// Seconds of this thread's CPU time when it works alone, which other programs do not lengthen; else of the wall clock.
double seconds(int threads) {
  timespec t{};
  clock_gettime(threads == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}
template <class F>
double time_of(int threads, int64_t repeats, const F& f) {
  f();  // warm: caches, and sleeping threads
  const double start = seconds(threads);
  for (int64_t r = 0; r < repeats; ++r) f();
  return (seconds(threads) - start) / static_cast<double>(repeats);
}
/// How often to repeat `f` for one measurement of `slice` seconds.
template <class F>
int64_t repeats_for(int threads, double slice, const F& f) {
  double best = 1e9;
  for (int64_t repeats = 1; repeats < (1 << 20); repeats *= 4) {
    best = std::min(best, time_of(threads, repeats, f));
    if (best * static_cast<double>(repeats) > slice / 4) break;
  }
  return std::max<int64_t>(1, static_cast<int64_t>(slice / best));
}
double median(std::vector<double> v) {
  std::sort(v.begin(), v.end());
  return v.empty() ? 0 : (v[v.size() / 2] + v[(v.size() - 1) / 2]) / 2;
}

double top(const std::vector<double>& v) { return v.empty() ? 0 : *std::max_element(v.begin(), v.end()); }

struct Result {
  double ours = 0, peer = 0, ratio = 0, of_peak = 0;  ///< GFLOP/s, GFLOP/s, ours / peer, share of the FMA peak
};

Result measure(const Row& row, ThreadPool* pool, const GemmBench& o) {
  const int threads = pool ? pool->size() : 1;
  const Problem x(row, threads);
  peer_threads(threads);
  const double slice = o.slice_ms * 1e-3;
  const auto pause = [&] {
    if (threads > 1 && kPeer) std::this_thread::sleep_for(std::chrono::milliseconds(4));
  };
  const int64_t repeats = repeats_for(threads, slice, [&] { x.ours(pool); });
  const int64_t peer_repeats = kPeer ? repeats_for(threads, slice, [&] { x.peer(); }) : 0;
  std::vector<double> ours, peer, ratio, peak, of_peak;
  for (int r = 0; r < o.rounds; ++r) {
    pause();
    ours.push_back(1e-9 * x.flops / time_of(threads, repeats, [&] { x.ours(pool); }));
    peak.push_back(fma_peak(pool, slice / 2));
    of_peak.push_back(ours.back() / peak.back());
    if (!kPeer) continue;
    peer.push_back(1e-9 * x.flops / time_of(threads, peer_repeats, [&] { x.peer(); }));
    ratio.push_back(ours.back() / peer.back());
  }
  if (threads == 1) return {median(ours), median(peer), median(ratio), median(of_peak)};
  // With other programs on the machine a barrier waits for whoever was put to sleep: the best round says more.
  const Result best{top(ours), top(peer), top(ours) / top(peer), top(ours) / top(peak)};
  return best;
}

struct Mean {
  double log_sum = 0;
  int count = 0;
  void add(double x) { log_sum += std::log(x), ++count; }
  double value() const { return count ? std::exp(log_sum / count) : 0; }
};

void print_row(const std::string& name, const std::vector<Result>& results) {
  std::printf("%-32s", name.c_str());
  for (const Result& r : results) {
    if (kPeer)
      std::printf(" |%7.1f %7.1f %5.2f %4.0f%%", r.ours, r.peer, r.ratio, 100 * r.of_peak);
    else
      std::printf(" |%7.1f %4.0f%%", r.ours, 100 * r.of_peak);
  }
  std::printf("\n");
  std::fflush(stdout);
}

}  // namespace

double fma_peak(ThreadPool* pool, double slice) {
  const int threads = pool ? pool->size() : 1;
  const auto rounds = static_cast<int64_t>(slice * 5e8);
  std::vector<real> sink(static_cast<size_t>(threads) * 16);
  const double start = seconds(threads);
  parallel_for(pool, threads, [&](int64_t i, int) { fma_probe(Exec{}, &sink[static_cast<size_t>(i) * 16], rounds); });
  return 2e-9 * static_cast<double>(rounds * kProbeWidth * threads) / (seconds(threads) - start);
}

double bench_gemm(const GemmBench& o) {
  ThreadPool many(o.threads);
  std::vector<ThreadPool*> pools{nullptr};
  if (o.threads > 1) pools.push_back(&many);
  std::printf(
      "GEMM in GFLOP/s (%s, %s), %d interleaved rounds; peak: an FMA loop in each round.\n"
      "1 thread: medians, CPU time; more: the best round, wall clock.\n%-32s",
      sizeof(real) == 4 ? "float" : "double", active_isa() == Isa::kV4 ? "AVX-512" : "AVX2", o.rounds, "");
  for (ThreadPool* pool : pools)
    std::printf(kPeer ? " | %d thread%-16s" : " | %d thread%-3s", pool ? o.threads : 1, pool ? "s" : "");
  std::printf("\n%-32s", "case");
  for (size_t i = 0; i < pools.size(); ++i) std::printf(kPeer ? " |   ours  oneDNN ratio  peak" : " |   ours  peak");
  std::printf("\n");

  std::vector<Mean> overall(pools.size());
  for (const Row& row : rows()) {
    if (row.name.find(o.only) == std::string::npos) continue;
    std::vector<Result> results;
    for (size_t i = 0; i < pools.size(); ++i) {
      results.push_back(measure(row, pools[i], o));
      if (kPeer && row.form != kPacked) overall[i].add(results.back().ratio);
    }
    print_row(row.name, results);
  }
  if (!kPeer) {
    std::printf("oneDNN was not found when this was built: no comparison\n");
    return 0;
  }
  std::printf("%-32s", "geometric mean, without packed");
  for (const Mean& mean : overall) std::printf(" |%21.2f      ", mean.value());
  std::printf("\n");
  return overall[0].value();
}

}  // namespace r1
