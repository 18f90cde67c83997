// Happens-before of the race detector: what each thread knows of the others' times, passed on by barriers, mbarriers
// and fence + atomic. Threads that passed the same barrier share one vector. Paper: none.
#include <algorithm>
#include <unordered_map>

#include "emulator/state.hpp"

namespace gpu::emu::race {

namespace {

std::unordered_map<const void*, Sync> g_atomics;  // of the running launch

Times joined(const Times& a, const Times& b) {
  if (!a || a == b) return b;
  if (!b) return a;
  static Times last_a, last_b, last;  // many threads acquire the same thing one after another
  if (a == last_a && b == last_b) return last;
  auto out = std::make_shared<std::vector<uint32_t>>(*a);
  if (out->size() < b->size()) out->resize(b->size(), 0);
  for (size_t i = 0; i < b->size(); ++i) (*out)[i] = std::max((*out)[i], (*b)[i]);
  last_a = a;
  last_b = b;
  return last = out;
}

void merge(BlockTimes& into, uint64_t block, const Times& t) {
  const auto i =
      std::lower_bound(into.begin(), into.end(), block, [](const auto& x, uint64_t b) { return x.first < b; });
  if (i != into.end() && i->first == block)
    i->second = joined(i->second, t);
  else
    into.insert(i, {block, t});
}

/// f's knowledge of its block with its own present time in it; f's later accesses are not covered.
Times snapshot(Fiber& f) {
  auto t = std::make_shared<std::vector<uint32_t>>(size_t(f.block->threads), 0);
  if (f.clock.own) std::copy(f.clock.own->begin(), f.clock.own->end(), t->begin());
  (*t)[size_t(f.tid)] = f.clock.time++;
  return t;
}

void learn(Fiber& f, const BlockTimes& news) {
  std::shared_ptr<BlockTimes> others;
  for (const auto& [block, t] : news) {
    if (block == f.block->linear) {
      f.clock.own = joined(f.clock.own, t);
      continue;
    }
    if (!others)
      others = f.clock.others ? std::make_shared<BlockTimes>(*f.clock.others) : std::make_shared<BlockTimes>();
    merge(*others, block, t);
  }
  if (others) f.clock.others = others;
}

}  // namespace

void begin_thread(Fiber& f) { f.clock = {}; }

void clear_atomics() { g_atomics.clear(); }

void join(Fiber* const* f, size_t n) {
  // Per block: the union of what its threads know, and their own times.
  BlockTimes all;
  std::vector<const void*> seen;
  for (size_t i = 0; i < n;) {
    Block& b = *f[i]->block;
    auto t = std::make_shared<std::vector<uint32_t>>(size_t(b.threads), 0);
    const std::vector<uint32_t>* last = nullptr;
    size_t j = i;
    for (; j < n && f[j]->block == &b; ++j) {
      const auto* own = f[j]->clock.own.get();
      if (own && own != last)
        for (size_t k = 0; k < own->size(); ++k) (*t)[k] = std::max((*t)[k], (*own)[k]);
      last = own;
      if (const auto* o = f[j]->clock.others.get(); o && (seen.empty() || seen.back() != o)) {
        seen.push_back(o);
        for (const auto& [block, times] : *o) merge(all, block, times);
      }
    }
    for (size_t k = i; k < j; ++k) (*t)[size_t(f[k]->tid)] = std::max((*t)[size_t(f[k]->tid)], f[k]->clock.time++);
    merge(all, b.linear, t);
    i = j;
  }
  const Others others = all.size() > 1 ? std::make_shared<const BlockTimes>(all) : nullptr;
  const Block* block = nullptr;
  Times own;
  for (size_t i = 0; i < n; ++i) {
    if (f[i]->block != block) {
      block = f[i]->block;
      for (const auto& [number, t] : all)
        if (number == block->linear) own = t;
    }
    f[i]->clock.own = own;
    if (others) f[i]->clock.others = others;
  }
}

void release(Fiber& f, Sync& s) {
  merge(s.left, f.block->linear, snapshot(f));
  if (f.clock.others)
    for (const auto& [block, t] : *f.clock.others)
      if (block != f.block->linear) merge(s.left, block, t);
}

void acquire(Fiber& f, const Sync& s) { learn(f, s.left); }

void fence(Fiber& f) {
  f.clock.fenced = {};
  release(f, f.clock.fenced);
}

/// An atomic passes on what its thread knew at its last fence, and takes what others left there.
void atomic_sync(Fiber& f, const void* p) {
  Sync& s = g_atomics[p];
  learn(f, s.left);
  for (const auto& [block, t] : f.clock.fenced.left) merge(s.left, block, t);
}

void proxy_fence(Fiber& f) { f.clock.proxy_time = f.clock.time++; }

}  // namespace gpu::emu::race
