// The whole training step on the device: a dense model of two layers, width 32 and 64 tokens, beside the CPU's.
// Bounds: gradients within 2e-6 of the norm of the CPU's, tensor by tensor (4e-6 where terms cancel: biases of keys, of
// which softmax sees only differences); losses within 1e-6 of themselves; after three updates no weight further off
// than a tenth of one update's largest step. Bits: equal run to run, and resumed.
#include <cmath>

#include "kernels/device.h"
#include "model/deepseek_v3.h"
#include "model/dense.h"
#include "support/catch.h"
#include "support/files.h"
#include "support/tiny.h"
#include "train/pretrainer.h"

using namespace r1;
using namespace r1_test;

namespace {

ModelConfig nano() {
  ModelConfig c;
  c.arch = "dense", c.vocab_size = 64, c.dim = 32, c.inter_dim = 64, c.n_layers = 2, c.n_heads = 4, c.n_kv_heads = 2,
  c.head_dim = 8, c.qkv_bias = true, c.rope_interleave = false, c.tie_embeddings = false, c.max_seq_len = 64,
  c.init_std = 0.1;
  return c;
}

PretrainConfig recipe() {
  PretrainConfig c;
  c.updates = 3, c.batch_tokens = 112, c.schedule = {1e-2, 1, "cosine", 0.1};
  return c;
}

Example counting(uint64_t i, double) { return counting_document(i, 64, 24); }

std::unique_ptr<CausalLm> model_on(Device device, const ModelConfig& c = nano(), uint64_t seed = 1) {
  auto m = make_model(c);
  m->allocate();
  m->init(seed);
  m->to(device);
  return m;
}

std::vector<std::vector<real>> weights(const CausalLm& m) {
  std::vector<std::vector<real>> all;
  for (const Param& p : m.params().all()) all.push_back(p.value.to_vector());
  return all;
}

/// |a - b| / |b| in the 2-norm, in double.
double distance(const std::vector<real>& a, const std::vector<real>& b) {
  double off = 0, size = 0;
  for (size_t i = 0; i < a.size(); ++i)
    off += std::pow(double(a[i]) - double(b[i]), 2), size += double(b[i]) * double(b[i]);
  return size > 0 ? std::sqrt(off / size) : std::sqrt(off);
}

struct Pass {
  double loss = 0;
  std::vector<std::vector<real>> gradients;
};
/// Loss and gradients of two documents, the second one going on from the first if `prefix`.
Pass pass_on(Device device, const ModelConfig& c, bool in_parts, bool recompute = false) {
  const auto model = model_on(device, c);
  if (recompute) dynamic_cast<DeepseekV3&>(*model).set_recompute(true);
  PackedSlot slot;
  slot.append(counting(1, 0), 0);
  slot.append(counting(2, 0), 1);
  Gradients g(model->params());
  Arena arena(false, device);
  Tape t(arena, nullptr, &g, true);
  t.set_in_parts(in_parts);
  g.begin();
  const LmLossStats s = lm_loss(t, *model, slot, {}, 20, slot.tokens());
  g.settle();
  Pass p{s.loss, {}};
  for (const Tensor& x : g.all()) p.gradients.push_back(x.to_vector());
  return p;
}

struct Run {
  std::vector<PretrainReport> reports;
  std::vector<std::vector<real>> weights;
};
Run train_on(Device device) {
  const auto model = model_on(device);
  ThreadPool pool(2);
  Pretrainer p(*model, recipe(), counting, pool);
  Run run;
  while (!p.done()) run.reports.push_back(p.step());
  run.weights = weights(*model);
  return run;
}

}  // namespace

TEST_CASE("loss and every gradient of the dense model are the CPU's, within rounding") {
  for (const bool tied : {false, true}) {
    for (const bool in_parts : {tied}) {
      ModelConfig c = nano();
      c.tie_embeddings = tied;
      const Pass cpu = pass_on(Device::kCpu, c, in_parts), cuda = pass_on(Device::kCuda, c, in_parts);
      CHECK(cpu.loss > 50);
      CHECK(std::abs(cuda.loss - cpu.loss) <= 1e-6 * cpu.loss);
      const auto names = model_on(Device::kCpu, c);
      for (const Param& p : names->params().all()) {
        const auto i = static_cast<size_t>(p.id);
        INFO(p.name << ", tied " << tied << ", in parts " << in_parts);
        double size = 0;
        for (real x : cpu.gradients[i]) size += double(x) * double(x);
        CHECK(size > 0);
        const bool cancels = p.name.find("k_proj.bias") != std::string::npos;
        CHECK(distance(cuda.gradients[i], cpu.gradients[i]) <= (cancels ? 4e-6 : 2e-6));
      }
    }
  }
}

TEST_CASE("DeepSeek-V3's dense form (latent attention) has the CPU's gradients, and recomputation changes no bit") {
  ModelConfig c;
  c.arch = "deepseek_v3", c.vocab_size = 64, c.dim = 32, c.inter_dim = 40, c.n_layers = 2, c.n_dense_layers = 2,
  c.n_heads = 2, c.kv_lora_rank = 16, c.qk_nope_head_dim = 6, c.qk_rope_head_dim = 4, c.v_head_dim = 6, c.n_mtp = 0,
  c.max_seq_len = 64, c.init_std = 0.1;
  for (const char* form : {"absorbed", "expanded"}) {
    c.attn_form = form;
    const Pass cpu = pass_on(Device::kCpu, c, false), cuda = pass_on(Device::kCuda, c, false);
    CHECK(std::abs(cuda.loss - cpu.loss) <= 1e-6 * cpu.loss);
    for (size_t i = 0; i < cpu.gradients.size(); ++i) {
      INFO(form << ", parameter " << i);
      CHECK(distance(cuda.gradients[i], cpu.gradients[i]) <= 4e-6);
    }
    CHECK(pass_on(Device::kCuda, c, false, true).gradients == cuda.gradients);
  }
}

TEST_CASE("three updates on the device follow the CPU's, with the same bits each time") {
  const Run cpu = train_on(Device::kCpu), cuda = train_on(Device::kCuda), again = train_on(Device::kCuda);
  REQUIRE(cpu.reports.size() == 3);
  for (size_t i = 0; i < 3; ++i) {
    CHECK(cuda.reports[i].tokens == cpu.reports[i].tokens);
    CHECK(std::abs(cuda.reports[i].loss - cpu.reports[i].loss) <= 1e-5 * cpu.reports[i].loss);
    CHECK(std::abs(cuda.reports[i].grad_norm - cpu.reports[i].grad_norm) <= 1e-5 * cpu.reports[i].grad_norm);
  }
  CHECK(cuda.reports[2].loss < cuda.reports[0].loss);
  double worst = 0;
  for (size_t p = 0; p < cpu.weights.size(); ++p)
    for (size_t i = 0; i < cpu.weights[p].size(); ++i)
      worst = std::max(worst, std::abs(double(cuda.weights[p][i]) - double(cpu.weights[p][i])));
  INFO("largest difference of a weight: " << worst);
  CHECK(worst <= 1e-3);
  CHECK(again.weights == cuda.weights);
}

TEST_CASE("a checkpoint of the device goes on there bit for bit, and opens on the CPU") {
  const TempDir dir;
  ThreadPool pool(1);
  const Run whole = train_on(Device::kCuda);
  const auto first = model_on(Device::kCuda);
  {
    Pretrainer p(*first, recipe(), counting, pool);
    p.step();
    save_checkpoint(dir.path() + "/update-1", p.state());
  }
  for (const Device device : {Device::kCuda, Device::kCpu}) {
    const auto model = model_on(device, nano(), 77);  // other weights, to be overwritten
    Pretrainer p(*model, recipe(), counting, pool);
    CheckpointState state = p.state();
    p.restore(load_checkpoint(dir.path() + "/update-1", state));
    CHECK(weights(*model) == weights(*first));
    if (device == Device::kCpu) continue;
    while (!p.done()) p.step();
    CHECK(weights(*model) == whole.weights);
  }
}

TEST_CASE("a weight that is NaN stops training with the operation, the place and what to do") {
  const auto model = model_on(Device::kCuda);
  Param& w = *model->params().find("model.layers.1.mlp.w2");
  w.value.rows(3, 4).copy_from([&] {
    Tensor row = Tensor::zeros({1, w.value.size(1)});
    row.data()[5] = real(NAN);
    return row;
  }());
  ThreadPool pool(1);
  Pretrainer p(*model, recipe(), counting, pool);
  p.step(), p.step();
  CHECK(p.updates() == 0);  // left out
  CHECK_THROWS_WITH(p.step(), ContainsSubstring("linear gave NaN at [0, 3] of [") && ContainsSubstring("--resume"));
}

TEST_CASE("experts have no twin yet, and say so") {
  ModelConfig c;
  c.arch = "deepseek_v3", c.vocab_size = 64, c.dim = 32, c.inter_dim = 40, c.moe_inter_dim = 8, c.n_layers = 1,
  c.n_dense_layers = 0, c.n_heads = 2, c.n_routed_experts = 4, c.n_activated_experts = 2, c.kv_lora_rank = 16,
  c.qk_nope_head_dim = 6, c.qk_rope_head_dim = 4, c.v_head_dim = 6, c.max_seq_len = 64;
  CHECK_THROWS_WITH(pass_on(Device::kCuda, c, false), ContainsSubstring("no CUDA kernel yet: router_fwd"));
}
