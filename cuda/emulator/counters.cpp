// Counts what memory accesses would cost a GPU: 32-byte sectors of global memory and passes over the 32 banks of shared
// memory. The n-th time that each lane reaches a place in the source since its warp last synchronised is one request.
// Paper: none.
#include <algorithm>
#include <bit>

#include "emulator/state.hpp"

namespace gpu::emu {

namespace {

constexpr size_t kOpenRequests = 4096;  ///< of one line: lanes that are further apart count alone

uint32_t global_sectors(const Request& r, uint32_t bytes) {
  std::vector<uintptr_t> s;
  for (int l = 0; l < 32; ++l) {
    if (!(r.lanes >> l & 1)) continue;
    const auto a = reinterpret_cast<uintptr_t>(r.address[l]);
    for (uintptr_t x = a / 32; x <= (a + bytes - 1) / 32; ++x) s.push_back(x);
  }
  std::sort(s.begin(), s.end());
  return uint32_t(std::unique(s.begin(), s.end()) - s.begin());
}

/// Passes for the words that lanes [first, first + n) touch: the most distinct words that fall on one bank.
uint32_t passes(const std::byte* const* address, uint32_t lanes, int first, int n, uint32_t bytes) {
  std::vector<uintptr_t> words;
  for (int l = first; l < first + n; ++l) {
    if (!(lanes >> l & 1)) continue;
    const auto a = reinterpret_cast<uintptr_t>(address[l]);
    for (uintptr_t w = a / 4; w <= (a + bytes - 1) / 4; ++w) words.push_back(w);
  }
  std::sort(words.begin(), words.end());
  words.erase(std::unique(words.begin(), words.end()), words.end());
  uint32_t bank[32] = {}, most = 0;
  for (const uintptr_t w : words) most = std::max(most, ++bank[w % 32]);
  return most;
}

void count_shared(const Request& r, uint32_t bytes) {
  const int lanes_a_pass = bytes <= 4 ? 32 : bytes == 8 ? 16 : 8;
  ++g_counters.shared_requests;
  for (int l = 0; l < 32; l += lanes_a_pass) {
    const uint32_t p = passes(r.address, r.lanes, l, lanes_a_pass, bytes);
    g_counters.shared_wavefronts += p;
    if (p > 1) g_counters.bank_conflicts += p - 1;
  }
}

void count(const Request& r, const RequestLine& at) {
  if (at.shared) return count_shared(r, at.bytes);
  ++g_counters.global_requests;
  g_counters.global_sectors += global_sectors(r, at.bytes);
  g_counters.global_bytes += uint64_t(std::popcount(r.lanes)) * at.bytes;
}

RequestLine& line_of(Warp& w, const void* p, size_t bytes, Site at) {
  const bool shared = space_of(p) == Space::kShared;
  for (RequestLine& l : w.requests)
    if (l.key == at.file && l.line == at.line && l.shared == shared && l.bytes == bytes) return l;
  return w.requests.emplace_back(RequestLine{at.file, at.line, uint32_t(bytes), shared, 0, {}, {}});
}

void count_front(RequestLine& l) {
  count(l.open.front(), l);
  l.open.pop_front();
  ++l.counted;
}

}  // namespace

void count_request(const Fiber& f, const void* p, size_t bytes, Site at) {
  if (!options().count) return;
  RequestLine& l = line_of(*f.warp, p, bytes, at);
  const uint64_t n = l.times[f.lane]++;
  Request alone;
  Request& r = n < l.counted ? alone : n - l.counted < l.open.size() ? l.open[n - l.counted] : l.open.emplace_back();
  r.lanes |= 1u << f.lane;
  r.address[f.lane] = static_cast<const std::byte*>(p);
  if (n < l.counted) return count(alone, l);
  while (!l.open.empty() && l.open.front().lanes == f.warp->lanes) count_front(l);
  if (l.open.size() > kOpenRequests) count_front(l);
}

void count_matrix(const void* const* rows, int n) {
  if (!options().count) return;
  const std::byte* address[32];
  for (int i = 0; i < 8; ++i) address[i] = static_cast<const std::byte*>(rows[i]);
  const uint32_t p = passes(address, (1u << n) - 1, 0, n, 16);
  ++g_counters.shared_requests;
  g_counters.shared_wavefronts += p;
  if (p > 1) g_counters.bank_conflicts += p - 1;
}

void count_row(const void* p, size_t bytes) {
  if (!options().count) return;
  const auto a = reinterpret_cast<uintptr_t>(p);
  g_counters.global_sectors += (a + bytes - 1) / 32 - a / 32 + 1;
  g_counters.global_bytes += bytes;
}

void flush_requests(Warp& w) {
  for (const RequestLine& l : w.requests)
    for (const Request& r : l.open) count(r, l);
  w.requests.clear();
}

}  // namespace gpu::emu
