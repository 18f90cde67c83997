// `r1 inspect CONFIG`: counts a model's parameters from its config, without allocating any; the size of its attention
// cache beside that of plain multi-head attention. Paper: [V3 §4.2], [V3 §2.1.1], [V2 Table 1].
#include <cstdio>
#include <iostream>

#include "base/io.h"
#include "base/json_file.h"
#include "base/memory.h"
#include "cli/command.h"
#include "cli/inspect_memory.h"
#include "model/layout.h"

namespace r1 {

namespace {

/// 1234567 -> "1,234,567".
std::string grouped(int64_t n) {
  const std::string digits = std::to_string(n);
  std::string s;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) s += ',';
    s += digits[i];
  }
  return s;
}

/// 671026404352 -> "671.03B".
std::string rounded(int64_t n) {
  char buffer[32];
  const auto v = static_cast<double>(n);
  if (n >= 1000000000)
    std::snprintf(buffer, sizeof buffer, "%.2fB", v / 1e9);
  else if (n >= 1000000)
    std::snprintf(buffer, sizeof buffer, "%.2fM", v / 1e6);
  else
    std::snprintf(buffer, sizeof buffer, "%.1fK", v / 1e3);
  return buffer;
}

void row(const std::string& label, int64_t n, const std::string& note = "") {
  std::printf("  %-34s %19s  %9s%s%s\n", label.c_str(), grouped(n).c_str(), rounded(n).c_str(),
              note.empty() ? "" : "  ", note.c_str());
}

void print_params(const ModelConfig& c, const ParamCount& n) {
  std::printf("parameters\n");
  for (size_t g = 0; g < kParamGroups; ++g) {
    if (n.main[g] == 0) continue;
    const auto group = static_cast<ParamGroup>(g);
    row(group_name(group), n.main[g],
        group == ParamGroup::kRouterBias ? "not trained by gradient, not in the sums" : "");
  }
  row("total", n.total());
  row("active per token", n.active(),
      cat(c.is_moe(c.n_layers - 1) ? cat(c.n_activated_experts, " of ", c.n_routed_experts, " routed experts; ") : "",
          "embedding table included"));
  row("active, without the table", n.active_no_embed());
  if (n.total_mtp() == 0) return;
  std::printf("multi-token prediction, apart from the total (embedding and head are shared)\n");
  row(cat(c.n_mtp, c.n_mtp == 1 ? " module" : " modules"), n.total_mtp());
  row("of which without the projection", n.total_mtp() - n.of_mtp(ParamGroup::kMtpProjection));
}

void print_memory(const ModelConfig& c, const ParamCount& n) {
  const int64_t all = n.total() + n.total_mtp(), cache = cache_numbers(c), mha = mha_cache_numbers(c);
  std::printf("weights: %s as bf16, %s as fp32\n", format_bytes(2 * all).c_str(), format_bytes(4 * all).c_str());
  std::printf("attention cache per token: %s numbers, %s as bf16, %s as fp32\n", grouped(cache).c_str(),
              format_bytes(2 * cache).c_str(), format_bytes(4 * cache).c_str());
  std::printf("  plain multi-head attention: %s numbers, %.1f times as many\n", grouped(mha).c_str(),
              static_cast<double>(mha) / static_cast<double>(cache));
  std::printf("  at %s tokens: %s as bf16\n", grouped(c.max_seq_len).c_str(),
              format_bytes(2 * cache * c.max_seq_len).c_str());
}

Json as_json(const ModelConfig& c, const ParamCount& n) {
  Json j{{"total", n.total()},
         {"active", n.active()},
         {"active_no_embed", n.active_no_embed()},
         {"mtp", n.total_mtp()},
         {"mtp_without_projection", n.total_mtp() - n.of_mtp(ParamGroup::kMtpProjection)},
         {"cache_numbers_per_token", cache_numbers(c)},
         {"mha_cache_numbers_per_token", mha_cache_numbers(c)}};
  for (size_t g = 0; g < kParamGroups; ++g) j["groups"][group_name(static_cast<ParamGroup>(g))] = n.main[g];
  return j;
}

struct Options {
  std::string config;
  bool json = false, print_config = false, grpo = false;
  InspectMemory memory;
};

/// A built-in name, a model's config file, or a run's file of sections, whose `model` counts; `sections` is then it.
ModelConfig read_config(const std::string& name_or_path, std::string& sections) {
  if (!builtin_model_configs().count(name_or_path) && file_exists(name_or_path)) {
    const Json j = read_json_file(name_or_path);
    if (j.is_object() && j.contains("model") && j["model"].is_object()) {
      sections = name_or_path;
      ModelConfig c;
      fields::from_json(c, j["model"], name_or_path + ": section 'model'");
      c.check(name_or_path);
      return c;
    }
  }
  return find_model_config(name_or_path);
}

std::function<int()> setup_inspect(CLI::App& app) {
  const auto o = std::make_shared<Options>();
  app.add_option("config", o->config,
                 "config file (ours, HuggingFace's, DeepSeek's) or built-in name: nano, toy, small, "
                 "v2-lite-16b, r1-671b; a run's file with the sections model, grpo, eval does as well")
      ->required();
  app.add_flag("--json", o->json, "print one JSON object");
  app.add_flag("--print-config", o->print_config, "print the config itself, in our JSON (from any dialect)");
  app.add_flag("--grpo", o->grpo, "print the memory that a GRPO step needs, every answer at the limit");
  app.add_option("--preset", o->memory.preset, "with --grpo: defaults of GRPO: toy | paper");
  app.add_option("--set", o->memory.sets, "with --grpo: one setting, e.g. --set grpo.questions=8 (repeatable)");
  app.add_option("--threads", o->memory.threads, "with --grpo: threads, 0 = all cores");
  app.add_option("--prompt-tokens", o->memory.prompt_tokens, "with --grpo: longest prompt");
  app.footer(
      "Examples:\n  r1 inspect r1-671b\n  r1 inspect examples/configs/toy.json --json\n"
      "  r1 inspect examples/configs/math-1.json --grpo --threads 2");
  return [o] {
    std::string sections;
    const ModelConfig c = read_config(o->config, sections);
    if (o->grpo) {
      inspect_memory(c, sections, o->memory);
      return 0;
    }
    if (o->print_config) {
      std::cout << fields::to_json(c).dump(2) << "\n";
      return 0;
    }
    const ParamCount n = count_params(c);
    if (o->json) {
      std::cout << as_json(c, n).dump(2) << "\n";
      return 0;
    }
    std::printf("%s: %s, %lld layers, width %lld\n", o->config.c_str(), c.arch.c_str(),
                static_cast<long long>(c.n_layers), static_cast<long long>(c.dim));
    print_params(c, n);
    print_memory(c, n);
    return 0;
  };
}

}  // namespace

R1_REGISTER(Command, "inspect", Command{"count a model's parameters and cache without allocating them", setup_inspect});

}  // namespace r1
