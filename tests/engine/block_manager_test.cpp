// Blocks of the cache: counted users, copy on write, no double use; and the scheduler's book-keeping around them.
#include "engine/block_manager.h"

#include <set>

#include "engine/scheduler.h"
#include "support/catch.h"

using namespace r1;

TEST_CASE("blocks are free again when their last user leaves") {
  BlockManager m({2, 3, 5, false}, 2, 4);
  CHECK(m.bytes() == 4u * 2 * 2 * (3 + 5) * 16 * sizeof(real));
  std::set<int32_t> taken;
  for (int i = 0; i < 4; ++i) taken.insert(m.allocate());
  CHECK(taken.size() == 4);
  CHECK_THROWS_AS(m.allocate(), Error);
  const int32_t b = *taken.begin();
  m.share(b);
  m.release(b);
  CHECK(m.free_blocks() == 0);
  m.release(b);
  CHECK(m.free_blocks() == 1);
  CHECK_THROWS_AS(m.release(b), Error);
  CHECK_THROWS_AS(m.share(b), Error);
  CHECK(m.allocate() == b);
}

TEST_CASE("a shared block is copied for its writer, in every layer, and an own block is not") {
  for (const bool latent : {true, false}) {
    BlockManager m({2, 3, 2, latent}, 2, 3);
    const KvView kv = m.view();
    const int32_t a = m.allocate();
    for (const PagedKv& layer : kv.layers) {
      CHECK(layer.latent == latent);
      CHECK((layer.v == layer.k) == latent);
      for (int64_t i = 0; i < layer.k_block; ++i) layer.k[a * layer.k_block + i] = real(i + 1);
      for (int64_t i = 0; i < layer.v_block; ++i) layer.v[a * layer.v_block + i] = real(i + 2);
    }
    CHECK(m.own(a) == a);
    m.share(a);
    const int32_t b = m.own(a);
    CHECK(b != a);
    CHECK(m.users(a) == 1);
    CHECK(m.users(b) == 1);
    for (const PagedKv& layer : kv.layers)
      for (int64_t i = 0; i < layer.v_block; ++i) REQUIRE(layer.v[b * layer.v_block + i] == real(i + 2));
  }
}

TEST_CASE("the scheduler shares a prompt's blocks and gives everything back") {
  const Prompts prompts{std::vector<token_t>(40, 1), std::vector<token_t>(32, 1)};
  SamplingParams p;
  p.n = 3, p.max_new_tokens = 20;
  BlockManager blocks({1, 4, 4, true}, 1, 40);
  PromptQueue queue(prompts);
  Scheduler s(blocks, queue, p, 6);
  const auto prefill = s.admit();
  REQUIRE(prefill.size() == 2);
  REQUIRE(s.running().size() == 6);
  CHECK(40 - blocks.free_blocks() == 3 + 2);  // six samples, yet only the prompts' own blocks so far
  CHECK(s.running()[0].blocks == s.running()[2].blocks);
  for (Sequence& q : s.running()) {
    s.make_room(q);  // first write: a copy of the partial block (40 = 2 * 16 + 8), a new block after a full one
    CHECK(blocks.users(q.blocks.back()) == 1);
  }
  CHECK(40 - blocks.free_blocks() == 2 + 3 + 2 + 3);  // the last user of the partial block kept it
  for (size_t i = 0; i + 1 < 6; ++i) CHECK(s.running()[i].blocks.back() != s.running()[i + 1].blocks.back());
  CHECK(s.running()[3].blocks[1] == s.running()[5].blocks[1]);
  CHECK(s.collect({0, 1, 0, 0, 0, 0}).size() == 1);
  CHECK(s.running().size() == 5);
  CHECK(s.collect({1, 1, 1, 1, 1}).size() == 5);
  CHECK(blocks.free_blocks() == 40);
  CHECK(s.admit().empty());
  CHECK_FALSE(s.waiting());
}

TEST_CASE("no sample begins that could run out of blocks") {
  const Prompts prompts(8, std::vector<token_t>(20, 1));
  SamplingParams p;
  p.n = 2, p.max_new_tokens = 30;  // 20 + 29 positions: 4 blocks, of which 1 is the prompt's full one
  BlockManager blocks({1, 4, 4, true}, 1, 9);
  PromptQueue queue(prompts);
  Scheduler s(blocks, queue, p, 100);
  s.admit();
  CHECK(s.running().size() == 2);  // 2 + 3 + 3 blocks; the next prompt's 2 + 3 do not fit
  for (int step = 0; step < 29; ++step)
    for (Sequence& q : s.running()) {
      s.make_room(q);
      ++q.cached;
    }
  CHECK(blocks.free_blocks() >= 1);
}
