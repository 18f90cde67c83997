// The house rules that a machine can check: layers, file sizes, file heads, no forbidden words, the form of a lesson.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "support/catch.h"

namespace fs = std::filesystem;

namespace {

const fs::path kRoot = R1_SOURCE_DIR;

struct Source {
  std::string name;    ///< "src/nn/mla.cpp"
  std::string folder;  ///< "nn"
  std::vector<std::string> lines;
};

std::vector<Source> sources(const std::string& top) {
  std::vector<Source> out;
  for (const auto& e : fs::recursive_directory_iterator(kRoot / top)) {
    const std::string ext = e.path().extension().string();
    if (ext != ".h" && ext != ".cpp") continue;
    Source s;
    s.name = fs::relative(e.path(), kRoot).string();
    const fs::path inside = fs::relative(e.path(), kRoot / top);
    s.folder = inside.begin()->string();
    std::ifstream in(e.path());
    for (std::string line; std::getline(in, line);) s.lines.push_back(line);
    out.push_back(std::move(s));
  }
  std::sort(out.begin(), out.end(), [](const Source& a, const Source& b) { return a.name < b.name; });
  return out;
}

const std::map<std::string, int>& layer() {
  static const std::map<std::string, int> l{
      {"base", 0},    {"tokenizer", 1}, {"tasks", 1}, {"kernels", 1}, {"tensor", 2},   {"comm", 2},
      {"formats", 3}, {"autograd", 3},  {"nn", 4},    {"model", 5},   {"dist", 5},     {"train", 6},
      {"engine", 6},  {"rewards", 7},   {"rl", 8},    {"eval", 8},    {"pipeline", 9}, {"cli", 10}};
  return l;
}

/// Why `from` may not include `to`, or nothing.
std::string forbidden(const std::string& from, const std::string& to) {
  if (from == to) return "";
  if (!layer().count(from) || !layer().count(to)) return "unknown folder";
  if (layer().at(to) > layer().at(from)) return "points up";
  if (layer().at(to) == layer().at(from)) return "same layer";
  if ((from == "nn" || from == "model") && to == "kernels") return "nn and model call ops, never kernels";
  return "";
}

}  // namespace

TEST_CASE("includes point down only") {
  const std::regex include("^#include \"([a-z_]+)/([a-z_0-9/]+\\.h)\"");
  for (const Source& s : sources("src"))
    for (size_t i = 0; i < s.lines.size(); ++i) {
      std::smatch m;
      if (!std::regex_search(s.lines[i], m, include)) continue;
      // The cache view and router arguments are plain structs that nn hands to ops.
      const bool plain = m[2] == "attention.h" || m[2] == "router.h";
      const std::string why = plain && s.folder == "nn" ? "" : forbidden(s.folder, m[1]);
      const bool exec = m[1] == "kernels" && m[2] == "kernel.h";  // Exec and the instruction set, no kernel
      const bool shared_view = s.name == "src/autograd/ops/attention.h" && m[1] == "nn";
      INFO(s.name << ":" << i + 1 << ": " << s.lines[i] << ": " << why);
      CHECK((why.empty() || exec || shared_view));
    }
}

TEST_CASE("files stay small, say what they are, and name their place in the paper") {
  for (const Source& s : sources("src")) {
    INFO(s.name << ": " << s.lines.size() << " lines");
    CHECK(s.lines.size() <= 500);
    std::string head;
    size_t n = 0;
    while (n < s.lines.size() && s.lines[n].rfind("//", 0) == 0) head += s.lines[n++] + "\n";
    CHECK(n >= 1);
    CHECK(n <= 16);
    const bool anchored = head.find("Paper: none") != std::string::npos ||
                          std::regex_search(head, std::regex("\\[(R1|R1v1|V3|V2|DSM|MoE)[ \\]]"));
    CHECK(anchored);
  }
}

TEST_CASE("no CUDA headers, shells or unfinished work in src") {
  const std::regex bad("#include <cuda|\\bsystem\\(|popen\\(|TODO|FIXME");
  for (const Source& s : sources("src"))
    for (size_t i = 0; i < s.lines.size(); ++i) {
      INFO(s.name << ":" << i + 1 << ": " << s.lines[i]);
      CHECK_FALSE(std::regex_search(s.lines[i], bad));
    }
}

TEST_CASE("lessons are short, say what to expect and check themselves") {
  const std::regex lesson("examples/\\d\\d_[a-z_0-9]+\\.cpp"), output("^//   .*\\S.*");
  std::ifstream readme(kRoot / "README.md");
  const std::string guide{std::istreambuf_iterator<char>(readme), {}};
  size_t lessons = 0;
  for (const Source& s : sources("examples")) {
    INFO(s.name);
    CHECK(std::regex_match(s.name, lesson));
    CHECK(s.lines.size() < 100);
    std::string text;
    size_t shown = 0;
    for (const std::string& line : s.lines) {
      text += line + "\n";
      if (std::regex_match(line, output)) {
        ++shown;
        CHECK(line.size() <= 5 + 100);  // the output fits in 100 columns
      }
      CHECK_FALSE(std::regex_search(line, std::regex("\\bsystem\\(|popen\\(|TODO|FIXME|support/")));
    }
    ++lessons;
    const int number = std::stoi(s.name.substr(std::string("examples/").size()));
    CHECK(s.lines[0].rfind("// Lesson " + std::to_string(number) + ": ", 0) == 0);
    CHECK(s.lines[1].rfind("// You should see (", 0) == 0);
    CHECK(shown >= 3);
    CHECK(text.find("R1_CHECK(") != std::string::npos);
    CHECK(text.find("return 1;") != std::string::npos);
    CHECK(guide.find(s.name) != std::string::npos);  // a row of the README's table
  }
  CHECK(lessons >= 6);
}

TEST_CASE("every header compiles alone") {
  // Compiled at configure time would cost minutes; here: every header names what it uses by including it, which the
  // build checks because each .cpp includes its own header first.
  for (const Source& s : sources("src")) {
    if (s.name.size() < 4 || s.name.substr(s.name.size() - 4) != ".cpp") continue;
    const std::string own = s.name.substr(4, s.name.size() - 8) + ".h";
    if (!fs::exists(kRoot / "src" / own)) continue;
    const auto first =
        std::find_if(s.lines.begin(), s.lines.end(), [](const std::string& l) { return l.rfind("#include", 0) == 0; });
    INFO(s.name);
    REQUIRE(first != s.lines.end());
    CHECK(first->find(own) != std::string::npos);
  }
}

TEST_CASE("a type's name in a header is its own: two of one name in one namespace would be one to the linker") {
  const std::regex type("^ {0,2}(?:struct|class) (\\w+)(?: final)?(?: :[^:].*)? \\{.*"),
      open("^namespace ([\\w:]+) \\{.*");
  std::map<std::string, std::string> first;
  for (const Source& source : sources("src")) {
    if (source.name.substr(source.name.size() - 2) != ".h") continue;
    std::vector<std::string> spaces;
    for (const std::string& line : source.lines) {
      std::smatch m;
      if (std::regex_match(line, m, open)) spaces.push_back(m[1]);
      if (line.rfind("}  // namespace", 0) == 0 && !spaces.empty()) spaces.pop_back();
      if (line.rfind(" ", 0) == 0 || !std::regex_match(line, m, type)) continue;
      std::string name;
      for (const std::string& space : spaces) name += space + "::";
      name += m[1];
      INFO(name << " in " << source.name << " and " << first[name]);
      CHECK((first[name].empty() || first[name] == source.name));
      first[name] = source.name;
    }
  }
  CHECK(first.size() > 150);
}
