// The verifier can be embedded: from its sources, following includes and from each header its own source, nothing is
// reached but a few files of base, the problem and the checkers' registry. No tensors, tokenizer, threads, JSON.
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "support/catch.h"

namespace fs = std::filesystem;

namespace {

const fs::path kSource = fs::path(R1_SOURCE_DIR) / "src";

/// Names under src/ that `file` includes with quotes.
std::vector<std::string> includes(const std::string& file) {
  static const std::regex line("^#include \"([^\"]+)\"");
  std::vector<std::string> out;
  std::ifstream in(kSource / file);
  std::smatch m;
  for (std::string s; std::getline(in, s);)
    if (std::regex_search(s, m, line)) out.push_back(m[1]);
  return out;
}

}  // namespace

TEST_CASE("the math verifier needs nothing of the tensor stack") {
  std::vector<std::string> open;
  for (const auto& e : fs::directory_iterator(kSource / "rewards/math"))
    open.push_back("rewards/math/" + e.path().filename().string());
  CHECK(open.size() >= 25);
  std::set<std::string> reached(open.begin(), open.end());
  const auto reach = [&](const std::string& file) {
    if (fs::exists(kSource / file) && reached.insert(file).second) open.push_back(file);
  };
  while (!open.empty()) {
    const std::string file = open.back();
    open.pop_back();
    for (const std::string& header : includes(file)) {
      INFO(file << " includes " << header);
      CHECK(fs::exists(kSource / header));
      reach(header);
      reach(header.substr(0, header.size() - 2) + ".cpp");
    }
  }
  const std::set<std::string> allowed = {"base/check.h",  "base/registry.h", "base/rng.h",        "base/text.h",
                                         "base/text.cpp", "tasks/problem.h", "tasks/problem.cpp", "rewards/checker.h",
                                         "base/sha256.h", "base/sha256.cpp"};
  for (const std::string& file : reached) {
    INFO(file);
    CHECK((file.rfind("rewards/math/", 0) == 0 || allowed.count(file) == 1));
  }
  for (const std::string& file : reached) {
    if (file.rfind("rewards/math/", 0) != 0) continue;
    std::ifstream in(kSource / file);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    INFO(file);
    for (const char* word :
         {"<thread>", "<mutex>", "<iostream>", "system(", "popen", "dlopen", "std::regex", "stod", "strtod"})
      CHECK(text.find(word) == std::string::npos);
  }
}
