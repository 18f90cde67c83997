// Every kernel contract has a test of its own in tests/kernels, every operation of the tape one in tests/autograd/ops:
// adding one without the other fails here.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>

#include "support/catch.h"

namespace fs = std::filesystem;

namespace {

const fs::path kRoot = R1_SOURCE_DIR;

std::string text_of(const std::string& folder, const std::string& extension) {
  std::string text;
  for (const auto& e : fs::directory_iterator(kRoot / folder)) {
    if (e.path().extension() != extension) continue;
    std::ifstream in(e.path());
    text.append(std::istreambuf_iterator<char>(in), {});
  }
  return text;
}

/// First groups of all matches.
std::set<std::string> names(const std::string& text, const std::regex& pattern) {
  std::set<std::string> found;
  for (std::sregex_iterator i(text.begin(), text.end(), pattern), end; i != end; ++i) found.insert((*i)[1].str());
  return found;
}

}  // namespace

TEST_CASE("every kernel contract is tested") {
  std::set<std::string> kernels =
      names(text_of("src/kernels", ".h"), std::regex("\nR1_KERNEL(?:_CPU_ONLY)?\\((\\w+), const Exec"));
  CHECK(kernels.size() >= 30);
  kernels.erase("fma_probe");  // a meter of the machine's peak: it has no result
  const std::string tests = text_of("tests/kernels", ".cpp");
  for (const std::string& k : kernels) {
    INFO(k << ": no call in tests/kernels");
    CHECK(std::regex_search(tests, std::regex("\\b" + k + "\\(")));
  }
}

TEST_CASE("contracts without a CUDA twin: the list may only shrink") {
  const std::set<std::string> allowed{"attention_paged", "balance_bwd",    "balance_fwd", "fma_probe",
                                      "gemm_pack_b",     "kv_append",      "moe_combine", "moe_combine_bwd",
                                      "moe_gather",      "moe_gather_bwd", "moe_plan",    "policy_loss",
                                      "router_bwd",      "router_fwd",     "sample_rows"};
  const std::set<std::string> cpu_only =
      names(text_of("src/kernels", ".h"), std::regex("\nR1_KERNEL_CPU_ONLY\\((\\w+), const Exec"));
  std::string list;
  for (const std::string& k : cpu_only) {
    INFO(k << ": a new contract needs its twin in cuda/kernels");
    CHECK(allowed.count(k) == 1);
    list += " " + k;
  }
  WARN("no CUDA kernel yet:" << list);
}

TEST_CASE("every operation of the tape passes the numeric check") {
  const std::set<std::string> ops =
      names(text_of("src/autograd/ops", ".h"), std::regex("\n(?:Var|Routing|TokenLogp) (\\w+)\\(Tape& t"));
  CHECK(ops.size() >= 16);
  const std::string tests = text_of("tests/autograd/ops", ".cpp");
  for (const std::string& op : ops) {
    INFO(op << ": no call in tests/autograd/ops");
    CHECK(std::regex_search(tests, std::regex("ops::" + op + "\\(")));
  }
}
