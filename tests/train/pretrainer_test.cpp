// Pre-training on a tiny task: it learns, and its bits do not depend on threads or on a stop in between.
#include "train/pretrainer.h"

#include <cmath>

#include "base/io.h"
#include "support/catch.h"
#include "support/files.h"
#include "support/tiny.h"

using namespace r1;
using namespace r1_test;

namespace {

Example counting(uint64_t i, double) { return counting_document(i, 24, 12); }

PretrainConfig config(int64_t updates) {
  PretrainConfig c;
  c.updates = updates, c.batch_tokens = 240, c.schedule = {1e-2, 5, "cosine", 0.1};
  return c;
}

std::vector<real> weights(const CausalLm& m) {
  std::vector<real> all;
  for (const Param& p : m.params().all())
    for (real x : p.value.to_vector()) all.push_back(x);
  for (const Buffer& b : m.buffers())
    for (real x : b.value.to_vector()) all.push_back(x);
  return all;
}

}  // namespace

TEST_CASE("counting is learnt: the loss leaves ln V and nears 0") {
  auto m = tiny_model();
  ThreadPool pool(2);
  Pretrainer p(*m, config(150), counting, pool);
  const double first = p.step().loss;
  PretrainReport r;
  while (!p.done()) r = p.step();
  CHECK(first > 2.5);  // ln 24 = 3.18: uniform guessing
  CHECK(r.loss < 0.35);
  CHECK(r.mtp_loss < 0.5);
}

TEST_CASE("weights are bitwise the same for 1 and 2 threads, and after a stop and a resume") {
  std::vector<real> expect;
  for (int threads : {1, 2}) {
    auto m = tiny_model();
    ThreadPool pool(threads);
    Pretrainer p(*m, config(12), counting, pool);
    while (!p.done()) p.step();
    if (threads == 1)
      expect = weights(*m);
    else
      CHECK(weights(*m) == expect);
  }
  for (int stop : {1, 5, 11}) {
    const TempDir dir;
    ThreadPool pool(2);
    {
      auto m = tiny_model();
      Pretrainer p(*m, config(12), counting, pool);
      while (p.updates() < stop) p.step();
      save_checkpoint(dir.path() + "/update-" + std::to_string(stop), p.state());
    }
    auto m = tiny_model(77);  // other weights, to be overwritten
    Pretrainer p(*m, config(12), counting, pool);
    CheckpointState state = p.state();
    p.restore(load_checkpoint(latest_checkpoint(dir.path()), state));
    CHECK(p.updates() == stop);
    while (!p.done()) p.step();
    CHECK(weights(*m) == expect);
  }
}

TEST_CASE("the router bias moves against the load [V3 §2.1.2]") {
  Tensor bias = Tensor::zeros({3});
  update_router_bias(bias, {5, 3, 1}, real(0.1));  // mean 3
  CHECK(bias.to_vector() == std::vector<real>{real(-0.1), 0, real(0.1)});
}
