// JSON-lines files: append, cut back, read, follow. Paper: none.
#include "base/log_jsonl.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/io.h"

namespace r1 {
namespace {

constexpr int kMaxDepth = 64;

// A run folder may come from elsewhere: bound the nesting before a recursive reader sees it.
bool too_deep(const std::string& text) {
  int depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > kMaxDepth) return true;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return false;
}

bool is_blank(const std::string& s) { return s.find_first_not_of(" \t\r") == std::string::npos; }

[[noreturn]] void fail_errno(const std::string& path, const char* what) {
  const int e = errno;
  fail(path, ": ", what, ": ", std::strerror(e));
}

bool later_than(const Json& j, const RunPosition& limit) {
  const auto beyond = [&](const char* key, int64_t bound) {
    const auto it = j.find(key);
    return it != j.end() && it->is_number() && it->get<double>() > static_cast<double>(bound);
  };
  return beyond("rollout", limit.rollout) || beyond("update", limit.update);
}

}  // namespace

std::optional<Json> parse_jsonl(const std::string& line) {
  if (too_deep(line)) return std::nullopt;
  try {
    Json j = Json::parse(line);
    if (j.is_object()) return j;
  } catch (const Json::exception&) {  // not JSON, or a number out of range
  }
  return std::nullopt;
}

void read_jsonl(const std::string& path, const std::function<void(int64_t, const Json&)>& on_object,
                const std::function<void(int64_t, const std::string&)>& on_skipped) {
  const std::string text = read_text(path);
  int64_t number = 0;
  for (size_t begin = 0; begin < text.size();) {
    const size_t newline = text.find('\n', begin);
    const size_t end = std::min(newline, text.size());
    const std::string line = text.substr(begin, end - begin);
    begin = end + 1;
    ++number;
    if (is_blank(line)) continue;
    if (newline == std::string::npos) {
      on_skipped(number, "cut short, no newline at its end");
    } else if (const auto j = parse_jsonl(line)) {
      on_object(number, *j);
    } else {
      on_skipped(number, "not a JSON object");
    }
  }
}

JsonlWriter::JsonlWriter(std::string path, std::optional<RunPosition> resume) : path_(std::move(path)) {
  struct stat st {};
  const bool exists = ::stat(path_.c_str(), &st) == 0 && st.st_size > 0;
  if (exists && !resume) fail(path_, ": exists already; resume the run or give it another name");
  if (exists) {
    const std::string text = read_text(path_);
    std::string kept;
    for (size_t begin = 0, end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
      const auto j = parse_jsonl(text.substr(begin, end - begin));
      if (j && later_than(*j, *resume)) continue;
      if (j) last_ = *j;
      kept.append(text, begin, end + 1 - begin);
    }
    if (kept.size() != text.size()) write_file(path_, kept);
  }
  file_ = std::fopen(path_.c_str(), "abe");
  if (!file_) fail_errno(path_, "cannot write");
}

JsonlWriter::~JsonlWriter() {
  if (file_) std::fclose(file_);
}

void JsonlWriter::write(const Json& object) {
  const std::string line = object.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  if (std::fwrite(line.data(), 1, line.size(), file_) != line.size() || std::fflush(file_) != 0)
    fail_errno(path_, "cannot write");
}

void JsonlWriter::sync() {
  if (std::fflush(file_) != 0 || ::fsync(::fileno(file_)) != 0) fail_errno(path_, "cannot write");
}

std::vector<Json> JsonlTail::poll(bool* restarted) {
  std::vector<Json> objects;
  struct stat st {};
  if (restarted) *restarted = false;
  if (::stat(path_.c_str(), &st) != 0) return objects;
  if (st.st_size < offset_) {
    offset_ = 0;
    if (restarted) *restarted = true;
  }
  if (st.st_size == offset_) return objects;
  std::FILE* f = std::fopen(path_.c_str(), "rb");
  if (!f) return objects;
  std::string text(static_cast<size_t>(st.st_size - offset_), '\0');
  if (::fseeko(f, offset_, SEEK_SET) == 0) text.resize(std::fread(text.data(), 1, text.size(), f));
  std::fclose(f);
  size_t begin = 0;
  for (size_t end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1)
    if (auto j = parse_jsonl(text.substr(begin, end - begin))) objects.push_back(std::move(*j));
  offset_ += static_cast<int64_t>(begin);
  return objects;
}

}  // namespace r1
