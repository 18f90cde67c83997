// The paper walk stays true in both directions: paper_notes/MAP.md against the anchors in src/, by the rules that
// paper_notes/README.md states. Read as text; nothing is compiled or run.
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "support/catch.h"

namespace fs = std::filesystem;

namespace {

using Words = std::set<std::string>;

const fs::path kRoot = R1_SOURCE_DIR;

std::string read(const fs::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Comments as running text: a break inside a comment is one blank, so that an anchor may span two lines.
std::string unwrapped(const std::string& text) {
  return std::regex_replace(text, std::regex("\\n[ \\t]*//+<?[ \\t]*"), " ");
}

/// All [KEY ...] of a text, blanks collapsed, without the brackets.
Words anchors(const std::string& text) {
  static const std::regex anchor("\\[((?:R1v1|R1|V3|V2|DSM|MoE|Nat|HF|TRL|EPLB|DualPipe) [^\\]]*)\\]");
  Words out;
  const std::string t = unwrapped(text);
  for (std::sregex_iterator it(t.begin(), t.end(), anchor), end; it != end; ++it)
    out.insert(std::regex_replace((*it)[1].str(), std::regex("\\s+"), " "));
  return out;
}

bool well_formed(const std::string& anchor) {
  static const std::regex form(
      "\\S+ (§\\d+(\\.\\d+)*|Eq\\. \\d+(-\\d+)?(, \\d+(-\\d+)?)*|(Table|Fig\\.|Listing|Alg\\.) \\d+|App\\. "
      "[A-Z](\\.\\d+)*)");
  return std::regex_match(anchor, form);
}

/// What an anchor names one by one: each equation of a range or list, otherwise the anchor itself.
Words parts(const std::string& anchor) {
  const size_t at = anchor.find(" Eq. ");
  if (at == std::string::npos) return {anchor};
  const std::string head = anchor.substr(0, at + 5), list = anchor.substr(at + 5);
  static const std::regex range("(\\d+)(?:-(\\d+))?");
  Words out;
  for (std::sregex_iterator it(list.begin(), list.end(), range), end; it != end; ++it) {
    const int first = std::stoi((*it)[1]), last = (*it)[2].matched ? std::stoi((*it)[2]) : first;
    for (int i = first; i <= last && i - first < 100; ++i) out.insert(head + std::to_string(i));
  }
  return out;
}

std::string trimmed(const std::string& s) {
  const size_t first = s.find_first_not_of(" `"), last = s.find_last_not_of(" `");
  return first == std::string::npos ? "" : s.substr(first, last - first + 1);
}

struct Row {
  int line = 0;
  std::string anchor, file, function, test, state;
};

/// Rows of MAP.md: lines that begin with "| [". A row of another shape has an empty anchor.
std::vector<Row> map_rows(const std::string& text) {
  std::vector<Row> rows;
  std::istringstream in(text);
  std::string line;
  for (int n = 1; std::getline(in, line); ++n) {
    if (line.rfind("| [", 0) != 0) continue;
    std::vector<std::string> cells;
    std::istringstream cut(line.substr(1));
    for (std::string cell; std::getline(cut, cell, '|');) cells.push_back(trimmed(cell));
    Row r;
    r.line = n;
    if (cells.size() == 5 && cells[0].size() > 2 && cells[0].back() == ']') {
      r.anchor = cells[0].substr(1, cells[0].size() - 2);
      const size_t colon = cells[2].find(':');
      r.file = cells[2].substr(0, colon);
      r.function = colon == std::string::npos ? "" : cells[2].substr(colon + 1);
      r.test = cells[3], r.state = cells[4];
    }
    rows.push_back(r);
  }
  return rows;
}

bool has_word(const std::string& text, const std::string& word) {
  const auto letter = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; };
  for (size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) {
    const size_t end = at + word.size();
    if ((at == 0 || !letter(text[at - 1])) && (end == text.size() || !letter(text[end]))) return true;
  }
  return false;
}

/// What is wrong with a row, or nothing.
std::string fault(const Row& r) {
  if (r.anchor.empty()) return "five cells, the first in square brackets";
  if (!well_formed(r.anchor)) return "an anchor of the grammar";
  if (!fs::is_regular_file(kRoot / r.file)) return "a file that exists";
  const std::string text = read(kRoot / r.file);
  if (!anchors(text).count(r.anchor)) return "a file that contains the anchor";
  const size_t colons = r.function.rfind("::");
  const std::string name = colons == std::string::npos ? r.function : r.function.substr(colons + 2);
  if (name.empty() || !has_word(text, name)) return "a function of the file";
  static const std::regex state("(done|part: .+|context|untested: .+|misnumbered: .+)");
  if (!std::regex_match(r.state, state)) return "a state: done, context, part: .., untested: .. or misnumbered: ..";
  if (r.test == "-") return r.state.find(": ") != std::string::npos ? "" : "a reason in the state, as there is no test";
  // A lesson checks itself and is run by ctest, so it may be its own test.
  const bool test = r.test.rfind("tests/", 0) == 0 || (r.test == r.file && r.test.rfind("examples/", 0) == 0);
  return test && fs::is_regular_file(kRoot / r.test) ? "" : "a test that exists";
}

/// The sections and appendices that README.md lists, as anchors; and for which "KEY §" or "KEY App." it has a list.
struct Index {
  Words places, lists;
};

Index section_index(const std::string& text) {
  static const std::regex line("    (R1|V3) (§|App\\.): (.*)");
  Index x;
  std::istringstream in(text);
  for (std::string s; std::getline(in, s);) {
    std::smatch m;
    if (!std::regex_match(s, m, line)) continue;
    const std::string head = m[1].str() + " " + m[2].str() + (m[2] == "§" ? "" : " ");
    x.lists.insert(head);
    std::istringstream words(m[3].str());
    for (std::string w; words >> w;) x.places.insert(head + w);
  }
  return x;
}

bool placed(const std::string& anchor, const Index& x) {
  for (const std::string& head : x.lists)
    if (anchor.rfind(head, 0) == 0) return x.places.count(anchor) > 0;
  return true;
}

/// Every anchor in src/ and in the lessons of examples/ with the files that have it.
std::map<std::string, Words> source_anchors() {
  std::map<std::string, Words> out;
  for (const char* top : {"src", "examples"})
    for (const auto& e : fs::recursive_directory_iterator(kRoot / top)) {
      if (!e.is_regular_file()) continue;
      for (const std::string& a : anchors(read(e.path()))) out[a].insert(fs::relative(e.path(), kRoot).string());
    }
  return out;
}

}  // namespace

TEST_CASE("every row of the paper map leads to a file, a function and a test") {
  const std::vector<Row> rows = map_rows(read(kRoot / "paper_notes/MAP.md"));
  CHECK(rows.size() >= 60);
  for (const Row& r : rows) {
    INFO("paper_notes/MAP.md:" << r.line << ": [" << r.anchor << "] " << r.file << ":" << r.function << " " << r.test
                               << ": expected " << fault(r));
    CHECK(fault(r).empty());
  }
}

TEST_CASE("every anchor in src and in the lessons has a row in the paper map and a place in the paper") {
  Words mapped, misnumbered;
  for (const Row& r : map_rows(read(kRoot / "paper_notes/MAP.md"))) {
    for (const std::string& p : parts(r.anchor)) mapped.insert(p);
    if (r.state.rfind("misnumbered: ", 0) == 0) misnumbered.insert(r.anchor);
  }
  const Index index = section_index(read(kRoot / "paper_notes/README.md"));
  CHECK(index.lists.size() == 4);
  const auto found = source_anchors();
  CHECK(found.size() >= 60);
  for (const auto& [anchor, files] : found) {
    INFO(*files.begin() << ": [" << anchor << "]");
    CHECK(well_formed(anchor));
    CHECK_FALSE(parts(anchor).empty());  // 11-1 is no range
    for (const std::string& p : parts(anchor)) CHECK(mapped.count(p) == 1);
    CHECK((placed(anchor, index) || misnumbered.count(anchor) == 1));
  }
  for (const std::string& a : misnumbered) {
    INFO("[" << a << "] is called misnumbered, but the index has it");
    CHECK_FALSE(placed(a, index));
  }
}

TEST_CASE("files that implement the paper say where, or that they do not") {
  for (const char* folder : {"nn", "model", "train", "engine", "rewards", "rl", "eval", "pipeline"})
    for (const auto& e : fs::recursive_directory_iterator(kRoot / "src" / folder)) {
      const std::string ext = e.path().extension().string();
      if (ext != ".h" && ext != ".cpp") continue;
      std::ifstream in(e.path());
      std::string head;
      for (std::string line; std::getline(in, line) && line.rfind("//", 0) == 0;) head += "\n" + line;
      INFO(fs::relative(e.path(), kRoot).string());
      CHECK((!anchors(head).empty() || unwrapped(head).find("Paper: none") != std::string::npos));
    }
}

TEST_CASE("anchors in the notes follow the grammar; notes named in the code and lessons named in the notes exist") {
  for (const auto& e : fs::directory_iterator(kRoot / "paper_notes")) {
    if (e.path().extension() != ".md") continue;
    for (const std::string& a : anchors(read(e.path()))) {
      INFO(e.path().filename().string() << ": [" << a << "]");
      CHECK(well_formed(a));
    }
  }
  const std::regex note("paper_notes/([a-z_]+\\.md)"), lesson("examples/\\d\\d_[a-z_0-9]+\\.cpp");
  const auto exist = [](const fs::path& file, const std::regex& name) {
    const std::string text = read(file);
    for (std::sregex_iterator it(text.begin(), text.end(), name), end; it != end; ++it) {
      INFO(fs::relative(file, kRoot).string() << ": " << it->str());
      CHECK(fs::exists(kRoot / it->str()));
    }
  };
  for (const char* top : {"src", "examples"})
    for (const auto& e : fs::recursive_directory_iterator(kRoot / top))
      if (e.is_regular_file()) exist(e.path(), note);
  for (const auto& e : fs::directory_iterator(kRoot / "paper_notes"))
    if (e.is_regular_file()) exist(e.path(), lesson);
}

TEST_CASE("the paper map's own rules see planted errors") {
  CHECK(anchors("// as in [R1\n//   App. D.1] and a[i], [N, C], [V3 Eq. 1, 3]") == Words{"R1 App. D.1", "V3 Eq. 1, 3"});
  CHECK(parts("V3 Eq. 1-3") == Words{"V3 Eq. 1", "V3 Eq. 2", "V3 Eq. 3"});
  CHECK(parts("V3 Eq. 2, 4-5") == Words{"V3 Eq. 2", "V3 Eq. 4", "V3 Eq. 5"});
  CHECK(parts("V3 §2.1") == Words{"V3 §2.1"});
  for (const char* good : {"R1 §2", "V3 Eq. 1-11", "V2 App. C", "R1 App. B.3.1", "R1v1 Fig. 2", "DSM Alg. 1"})
    CHECK(well_formed(good));
  for (const char* bad : {"R1 2.1", "V3 Eq. 1 - 11", "V3 eq. 1", "R1 §2.1, §2.2", "V2 Appendix C", "R1 §"})
    CHECK_FALSE(well_formed(bad));

  const std::string good =
      "| [V3 Eq. 10] | attention | `src/kernels/attention.h:attention_fwd` | `tests/kernels/attention_test.cpp` | done "
      "|";
  const auto edited = [&](const std::string& from, const std::string& to) {
    std::string line = good;
    line.replace(line.find(from), from.size(), to);
    return fault(map_rows(line).at(0));
  };
  CHECK(edited("done", "done").empty());
  CHECK(edited("Eq. 10]", "Eq. 9]") == "a file that contains the anchor");
  CHECK(edited("attention.h:", "no_such_file.h:") == "a file that exists");
  CHECK(edited("attention_fwd", "attention_forward") == "a function of the file");
  CHECK(edited("attention_test.cpp", "no_such_test.cpp") == "a test that exists");
  CHECK(edited("`tests/kernels/attention_test.cpp`", "-") == "a reason in the state, as there is no test");
  CHECK(edited("| attention |", "|") == "five cells, the first in square brackets");
  CHECK(edited("done |", "fine |").rfind("a state", 0) == 0);

  const Index index = section_index("    R1 §: 1 2 2.1\n    R1 App.: A A.1\n");
  CHECK(placed("R1 §2.1", index));
  CHECK_FALSE(placed("R1 §2.2", index));
  CHECK_FALSE(placed("R1 App. B", index));
  CHECK(placed("V2 §9.9", index));
}
