// The engine against models whose every answer is known: who follows whom, log-probabilities, shared prompts, and
// completions that depend on nothing but the request.
#include "engine/engine.h"

#include <atomic>
#include <cmath>
#include <map>

#include "engine/fake_models.h"
#include "engine/sampler.h"
#include "kernels/gemm.h"
#include "kernels/logp.h"
#include "support/catch.h"

using namespace r1;
using fake::Automaton;
using fake::History;

namespace {

bool same(const std::vector<Completion>& x, const std::vector<Completion>& y) {
  if (x.size() != y.size()) return false;
  for (size_t i = 0; i < x.size(); ++i)
    if (x[i].prompt != y[i].prompt || x[i].sample != y[i].sample || x[i].ids != y[i].ids || x[i].logp != y[i].logp ||
        x[i].finish != y[i].finish)
      return false;
  return true;
}

Prompts make_prompts(int64_t n, int64_t vocab, uint32_t seed = 0) {
  Rng rng(9, Stream::kTest, seed);
  Prompts p(static_cast<size_t>(n));
  for (size_t i = 0; i < p.size(); ++i) {
    p[i].resize(i == 0 ? 16 : i == 1 ? 1 : i == 2 ? 33 : 1 + rng.below(40));
    for (token_t& id : p[i]) id = static_cast<token_t>(rng.below(static_cast<uint32_t>(vocab)));
  }
  return p;
}

/// log_softmax(logits / T) of every token of prompt + completion, by one dense forward.
std::vector<real> dense_logp(const CausalLm& m, const std::vector<token_t>& prompt, const Completion& c, real inv_t) {
  std::vector<token_t> ids = prompt;
  ids.insert(ids.end(), c.ids.begin(), c.ids.end());
  std::vector<int32_t> positions, cu{0, static_cast<int32_t>(ids.size())};
  for (size_t i = 0; i < ids.size(); ++i) positions.push_back(static_cast<int32_t>(i));
  Arena arena;
  Tape t(arena, nullptr, nullptr, false);
  const Var h = m.forward(t, TokenBatch{ids, positions, cu, nullptr});
  const int64_t n = static_cast<int64_t>(c.ids.size()), width = m.head().value.size(1), vocab = m.vocab_size();
  std::vector<real> logits(static_cast<size_t>(n * vocab)), logp(static_cast<size_t>(n)), lse(static_cast<size_t>(n));
  GemmArgs g;
  g.m = n, g.n = vocab, g.k = width, g.a = h->value.data() + static_cast<int64_t>(prompt.size() - 1) * width,
  g.lda = width;
  g.b = m.head().value.data(), g.ldb = width, g.trans_b = true, g.c = logits.data(), g.ldc = vocab;
  gemm(t.exec(gemm_workspace(g, 1)), g);
  logp_rows(t.exec(), logp.data(), lse.data(), static_cast<real*>(nullptr), logits.data(), c.ids.data(), n, vocab,
            inv_t);
  return logp;
}

}  // namespace

TEST_CASE("the engine follows an automaton and stops at eos or at the limit") {
  const Automaton m(17, [](token_t id, int32_t position, real* z) { z[(3 * id + position + 1) % 17] = 60; });
  ThreadPool pool(1);
  SamplingParams p;
  p.n = 3, p.max_new_tokens = 40, p.eos = 5;
  const Prompts prompts = make_prompts(9, 17);
  const auto done = Engine(m, {}, pool).generate(prompts, p);
  REQUIRE(done.size() == 27);
  int64_t eos = 0;
  for (size_t i = 0; i < done.size(); ++i) {
    CHECK(done[i].prompt == static_cast<int64_t>(i) / 3);
    CHECK(done[i].sample == static_cast<int64_t>(i) % 3);
    const auto& prompt = prompts[i / 3];
    token_t id = prompt.back();
    int32_t position = static_cast<int32_t>(prompt.size()) - 1;
    for (size_t k = 0; k < done[i].ids.size(); ++k, ++position) {
      id = (3 * id + position + 1) % 17;
      REQUIRE(done[i].ids[k] == id);
      REQUIRE((id == 5) == (k + 1 == done[i].ids.size() && done[i].finish == Finish::kEos));
      REQUIRE(done[i].logp[k] > -1e-6f);
    }
    REQUIRE((done[i].finish == Finish::kEos || done[i].ids.size() == 40));
    REQUIRE(done[i].logp.size() == done[i].ids.size());
    eos += done[i].finish == Finish::kEos;
  }
  CHECK(eos > 0);
}

TEST_CASE("uniform logits give uniform tokens and log-probability -log V") {
  const Automaton m(8, [](token_t, int32_t, real*) {});
  ThreadPool pool(2);
  SamplingParams p;
  p.n = 64, p.max_new_tokens = 50;
  std::map<token_t, int> count;
  for (const Completion& c : Engine(m, {}, pool).generate({{1}, {2, 3}}, p))
    for (size_t i = 0; i < c.ids.size(); ++i) {
      ++count[c.ids[i]];
      REQUIRE(std::abs(c.logp[i] + std::log(8.0)) < 1e-6);
    }
  double chi2 = 0;
  for (token_t id = 0; id < 8; ++id) chi2 += std::pow(count[id] - 800.0, 2) / 800.0;
  CHECK(chi2 < 24.3);  // 7 degrees of freedom: 0.1%
}

TEST_CASE("engine log-probabilities equal a dense forward's bit for bit") {
  for (const bool latent : {true, false}) {
    const History m(latent);
    ThreadPool pool(2);
    SamplingParams p;
    p.n = 4, p.max_new_tokens = 37, p.temperature = 0.7, p.eos = 2;
    const Prompts prompts = make_prompts(7, History::kVocab);
    const auto done = Engine(m, {}, pool).generate(prompts, p);
    std::map<std::vector<token_t>, int> distinct;
    for (const Completion& c : done) {
      ++distinct[c.ids];
      const auto want = dense_logp(m, prompts[static_cast<size_t>(c.prompt)], c, p.inv_temperature());
      for (size_t i = 0; i < c.ids.size(); ++i) REQUIRE(c.logp[i] == static_cast<float>(want[i]));
    }
    CHECK(distinct.size() > done.size() / 2);
  }
}

TEST_CASE("completions do not depend on threads, batch size, cache size, order or how a request is cut") {
  const History m(true);
  SamplingParams p;
  p.n = 5, p.max_new_tokens = 30, p.eos = 2, p.top_p = 0.9, p.rollout = 3;
  const Prompts prompts = make_prompts(11, History::kVocab, 1);
  ThreadPool one(1), two(2), three(3);
  const auto want = Engine(m, {}, one).generate(prompts, p);
  CHECK(same(want, Engine(m, {}, two).generate(prompts, p)));
  CHECK(same(want, Engine(m, {}, three).generate(prompts, p)));
  for (int64_t batch : {1, 2, 7}) CHECK(same(want, Engine(m, {batch, 0, 0}, two).generate(prompts, p)));
  CHECK(same(want, Engine(m, {64, 160, 0}, two).generate(prompts, p)));  // room for hardly more than one sample
  CHECK(same(want, Engine(m, {4, 320, 1}, three).generate(prompts, p)));

  SamplingParams rest = p;
  rest.first_prompt = 4;
  auto cut = Engine(m, {}, two).generate({prompts.begin(), prompts.begin() + 4}, p);
  for (Completion c : Engine(m, {}, two).generate({prompts.begin() + 4, prompts.end()}, rest)) {
    c.prompt += 4;
    cut.push_back(std::move(c));
  }
  CHECK(same(want, cut));

  for (auto change : {+[](SamplingParams& s) { s.seed = 1; }, +[](SamplingParams& s) { s.rollout = 4; },
                      +[](SamplingParams& s) { s.stream = Stream::kEval; }}) {
    SamplingParams other = p;
    change(other);
    CHECK_FALSE(same(want, Engine(m, {}, two).generate(prompts, other)));
  }
}

TEST_CASE("a greedy engine takes the most probable token") {
  const History m(false);
  ThreadPool pool(1);
  SamplingParams p;
  p.n = 2, p.temperature = 0, p.max_new_tokens = 12;
  const auto done = Engine(m, {}, pool).generate(make_prompts(3, History::kVocab), p);
  for (size_t i = 0; i < done.size(); i += 2) CHECK(done[i].ids == done[i + 1].ids);
  for (const Completion& c : done)
    for (float l : c.logp) REQUIRE(l >= -std::log(float(History::kVocab)));
}

TEST_CASE("the engine reports progress, and an error in one worker ends the run") {
  const History m(true);
  ThreadPool pool(2);
  SamplingParams p;
  p.n = 3, p.max_new_tokens = 9;
  EngineProgress last;
  Engine(m, {}, pool).generate(make_prompts(5, History::kVocab), p, [&](const EngineProgress& e) {
    CHECK(e.finished >= last.finished);
    CHECK(e.tokens > last.tokens);
    last = e;
  });
  CHECK(last.finished == 15);
  CHECK(last.samples == 15);
  CHECK(last.tokens == 15 * 9);
  CHECK_THROWS_WITH(
      Engine(m, {}, pool).generate(make_prompts(5, History::kVocab), p, [](const EngineProgress&) { fail("enough"); }),
      ContainsSubstring("enough"));
}

TEST_CASE("bad requests to the engine are refused by name") {
  const History m(true);
  ThreadPool pool(1);
  const Engine e(m, {}, pool);
  SamplingParams p;
  CHECK(e.generate({}, p).empty());
  CHECK_THROWS_WITH(e.generate({{1}, {}}, p), ContainsSubstring("prompt 1 is empty"));
  CHECK_THROWS_WITH(e.generate({{1, 21}}, p), ContainsSubstring("token id 21, expected 0 to 20"));
  CHECK_THROWS_WITH(e.generate({{-1}}, p), ContainsSubstring("token id -1"));
  for (auto [change, message] : std::initializer_list<std::pair<void (*)(SamplingParams&), const char*>>{
           {[](SamplingParams& s) { s.n = 0; }, "n = 0"},
           {[](SamplingParams& s) { s.temperature = -1; }, "temperature = -1"},
           {[](SamplingParams& s) { s.temperature = NAN; }, "temperature = "},
           {[](SamplingParams& s) { s.top_p = 1.5; }, "top_p = 1.5"},
           {[](SamplingParams& s) { s.max_new_tokens = 0; }, "max_new_tokens = 0"}}) {
    SamplingParams bad;
    change(bad);
    CHECK_THROWS_WITH(e.generate({{1}}, bad), ContainsSubstring(message));
  }
  CHECK_THROWS_WITH(Engine(m, {-1, 0, 0}, pool), ContainsSubstring("max_batch = -1"));
  CHECK_THROWS_WITH(Engine(m, {8, 32, 0}, pool).generate({{1}}, p),
                    ContainsSubstring("cache_tokens = 32, expected at least"));
  const Automaton broken(4, [](token_t, int32_t, real* z) { z[1] = NAN; });
  CHECK_THROWS_WITH(Engine(broken, {}, pool).generate({{1}}, p), ContainsSubstring("not finite"));
}
