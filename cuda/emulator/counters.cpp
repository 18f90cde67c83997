// Counts what memory accesses would cost a GPU: 32-byte sectors of global memory and passes over the 32 banks of shared
// memory. Lanes that reach one source line the same number of times since their warp last synchronised make one
// request. Paper: none.
#include <algorithm>
#include <set>

#include "emulator/state.hpp"

namespace gpu::emu {

namespace {

constexpr size_t kOpenRequests = 32;

uint32_t global_sectors(const Request& r) {
  std::vector<uintptr_t> s;
  for (int l = 0; l < 32; ++l) {
    if (!(r.lanes >> l & 1)) continue;
    const auto a = reinterpret_cast<uintptr_t>(r.address[l]);
    for (uintptr_t x = a / 32; x <= (a + r.bytes - 1) / 32; ++x) s.push_back(x);
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

void count_shared(const Request& r) {
  const int lanes_a_pass = r.bytes <= 4 ? 32 : r.bytes == 8 ? 16 : 8;
  ++g_counters.shared_requests;
  for (int l = 0; l < 32; l += lanes_a_pass) {
    const uint32_t p = passes(r.address, r.lanes, l, lanes_a_pass, r.bytes);
    g_counters.shared_wavefronts += p;
    if (p > 1) g_counters.bank_conflicts += p - 1;
  }
}

void count(const Request& r) {
  if (r.shared) return count_shared(r);
  ++g_counters.global_requests;
  g_counters.global_sectors += global_sectors(r);
  uint32_t lanes = 0;
  for (int l = 0; l < 32; ++l) lanes += r.lanes >> l & 1;
  g_counters.global_bytes += lanes * r.bytes;
}

}  // namespace

void count_request(const Fiber& f, const void* p, size_t bytes, Site at) {
  if (!options().count) return;
  auto& open = f.warp->requests;
  const bool shared = space_of(p) == Space::kShared;
  for (Request& r : open)
    if (r.key == at.file && r.line == at.line && r.shared == shared && r.bytes == bytes && !(r.lanes >> f.lane & 1)) {
      r.lanes |= 1u << f.lane;
      r.address[f.lane] = static_cast<const std::byte*>(p);
      return;
    }
  if (open.size() >= kOpenRequests) {
    count(open.front());
    open.erase(open.begin());
  }
  open.push_back({at.file, at.line, shared, 1u << f.lane, uint32_t(bytes), {}});
  open.back().address[f.lane] = static_cast<const std::byte*>(p);
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

void flush_requests(Warp& w) {
  for (const Request& r : w.requests) count(r);
  w.requests.clear();
}

}  // namespace gpu::emu
