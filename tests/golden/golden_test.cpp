// The fixtures themselves: complete, consistent, and loadable into the tensors of a model in memory.
#include <cmath>
#include <cstdlib>

#include "support/catch.h"
#include "support/golden.h"

using namespace r1;
using namespace r1_test;

namespace {

const char* const kModels[] = {"v3_qlora", "v3_yarn", "qwen2"};

bool is_bias_buffer(const std::string& name) { return name.ends_with("e_score_correction_bias"); }

}  // namespace

TEST_CASE("golden fixtures hold every weight, gradient and stepped weight") {
  for (const char* name : kModels) {
    INFO(name);
    const Golden g(name);
    CHECK(g.docs() == 2);
    for (token_t id : g.ids()) CHECK((id >= 0 && id < g.config().vocab_size));
    for (const HfTensor& t : hf_layout(g.config())) {
      g.weights().require(t.name, t.shape);
      if (is_bias_buffer(t.name)) continue;
      g.expected().require("grad." + t.name, t.shape);
      g.expected().require("after." + t.name, t.shape);
    }
  }
  CHECK(Golden("v3_yarn").config().rope_factor == 40);
  CHECK(Golden("v3_yarn").config().mscale == 0.707);
  CHECK(Golden("v3_qlora").config().n_limited_groups == 2);
  CHECK(Golden("qwen2").config().qkv_bias);
}

TEST_CASE("the golden loss is the mean cross entropy of the golden logits") {
  for (const char* name : kModels) {
    const Golden g(name);
    const auto logits = g.logits();
    const auto v = static_cast<size_t>(g.config().vocab_size);
    double sum = 0;
    for (int64_t d = 0; d < g.docs(); ++d)
      for (int64_t t = 0; t + 1 < g.length(); ++t) {
        const auto row = static_cast<size_t>(d * g.length() + t);
        double total = 0;
        for (size_t j = 0; j < v; ++j) total += std::exp(logits[row * v + j]);
        sum += std::log(total) - logits[row * v + static_cast<size_t>(g.ids()[row + 1])];
      }
    INFO(name);
    CHECK(std::fabs(sum / static_cast<double>(g.docs() * (g.length() - 1)) - g.loss()) < 1e-6 * g.loss());
  }
}

TEST_CASE("the golden step is AdamW's first step on the golden gradients") {
  for (const char* name : kModels) {
    INFO(name);
    const Golden g(name);
    const Json a = g.adamw();
    const double lr = a["lr"], eps = a["eps"], wd = a["weight_decay"];
    auto tensors = memory_tensors(g.config());
    std::erase_if(tensors, [](const NamedTensor& t) { return is_bias_buffer(t.name); });
    for (const NamedTensor& t : tensors) {
      const auto grad = g.fused("grad.", t.name, t.value.shape());
      const bool decays = !t.name.ends_with("norm.weight") && !t.name.ends_with(".bias");
      for (const HfSlice& s : hf_slices(g.config(), t.name, t.value.shape())) {
        const auto w = g.weights().find(s.hf_name);
        const auto before = w.file->read_double(*w.info);
        for (int64_t i = 0; i < s.count; ++i) {
          // The bias-corrected moments of the first step are the gradient and its square.
          const double x = before[static_cast<size_t>(s.hf_at + i)], dx = grad[static_cast<size_t>(s.at + i)];
          t.value.data()[s.at + i] =
              static_cast<real>(x * (1 - (decays ? lr * wd : 0)) - lr * dx / (std::fabs(dx) + eps));
        }
      }
    }
    g.check_tensors("after.", tensors, 1e-6);
  }
}

TEST_CASE("golden weights fill the tensors of a model in memory") {
  for (const char* name : kModels) {
    const Golden g(name);
    const auto tensors = memory_tensors(g.config());
    g.fill(tensors);
    double sum = 0, want = 0;
    for (const NamedTensor& t : tensors)
      for (int64_t i = 0; i < t.value.numel(); ++i) sum += static_cast<double>(t.value.data()[i]);
    for (const std::string& n : g.weights().names()) {
      const auto e = g.weights().find(n);
      for (double v : e.file->read_double(*e.info)) want += v;
    }
    INFO(name);
    CHECK(std::fabs(sum - want) < 1e-9 * std::fabs(want) + 1e-6);
  }
}

// Only with R1_EXPORT_DIR set: writes directories for tests/golden/check_export.py, to be loaded by transformers. The
// weights have passed through our reader, memory layout and writer; the probe's logits are the fixture's.
//   R1_EXPORT_DIR=/tmp/x r1_tests "[export]" && python tests/golden/check_export.py /tmp/x/v3_qlora
TEST_CASE("models are exported for transformers", "[export]") {
  const char* dir = std::getenv("R1_EXPORT_DIR");
  if (!dir) return;
  for (const char* name : kModels) {
    const Golden g(name);
    const auto tensors = memory_tensors(g.config());
    g.fill(tensors);
    const std::string out = cat(dir, "/", name);
    save_hf_model(out, g.config(), tensors, FileDtype::kF32);
    SafetensorsWriter probe(out + "/probe.safetensors",
                            {{"ids", FileDtype::kI32, {g.docs(), g.length()}, 0, 0},
                             {"logits", FileDtype::kF32, {g.docs(), g.length(), g.config().vocab_size}, 0, 0}});
    probe.add("ids", std::as_bytes(std::span(g.ids())));
    probe.add("logits", std::span<const double>(g.logits()));
    probe.commit();
  }
  for (const char* name : {"nano", "small"})  // with MTP modules, which transformers has no place for
    save_hf_model(cat(dir, "/", name), builtin_model_configs().at(name),
                  memory_tensors(builtin_model_configs().at(name)), FileDtype::kF32);
}

TEST_CASE("the golden comparison sees planted errors") {
  const std::vector<double> want{1, -100, 3};
  CHECK(difference(want, std::vector<real>{1, -100, 3}).relative() == 0);
  CHECK(difference(want, std::vector<real>{1, static_cast<real>(-100.01), 3}).relative() > 0.9e-4);
  CHECK(difference(want, std::vector<real>{1, static_cast<real>(NAN), 3}).relative() == INFINITY);
  CHECK_THROWS_AS(difference(want, std::vector<real>{1, 2}), Error);
}
