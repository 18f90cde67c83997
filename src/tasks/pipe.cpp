// Paper: none.
#include "tasks/pipe.h"

#include <algorithm>

#include "base/check.h"

namespace r1 {
namespace {

constexpr const char* kNames[kPipeOps] = {"rev", "srt", "inc", "dbl", "odd", "big", "beh", "cur"};
constexpr std::string_view kSay = "say ";

bool all_digits(std::string_view s) {
  return !s.empty() && std::all_of(s.begin(), s.end(), [](char c) { return c >= '0' && c <= '9'; });
}

template <class Keep>
std::string keep(std::string_view digits, Keep wanted) {
  std::string out;
  for (const char c : digits)
    if (wanted(c - '0')) out += c;
  return out;
}

template <class Value>
std::string each(std::string_view digits, Value value) {
  std::string out(digits);
  for (char& c : out) c = static_cast<char>('0' + value(c - '0') % 10);
  return out;
}

std::optional<PipeOp> find_op(std::string_view name) {
  for (int i = 0; i < kPipeOps; ++i)
    if (name == kNames[i]) return static_cast<PipeOp>(i);
  return std::nullopt;
}

}  // namespace

const char* name_of(PipeOp op) { return kNames[static_cast<int>(op)]; }

std::optional<PipeProgram> parse_pipe(std::string_view text) {
  if (text.size() > kMaxPipeProgram) return std::nullopt;
  PipeProgram p;
  if (text.substr(0, kSay.size()) == kSay) {
    const std::string_view said = text.substr(kSay.size());
    if (!all_digits(said)) return std::nullopt;
    p.says = said;
    return p;
  }
  while (true) {
    const size_t bar = text.find('|');
    const auto op = find_op(text.substr(0, bar));
    if (!op) return std::nullopt;
    p.stages.push_back(*op);
    if (bar == std::string_view::npos) return p;
    text.remove_prefix(bar + 1);
  }
}

std::string pipe_text(const PipeProgram& program) {
  if (program.says) return cat(kSay, *program.says);
  std::string out;
  for (const PipeOp op : program.stages) {
    if (!out.empty()) out += '|';
    out += name_of(op);
  }
  return out;
}

std::string pipe_apply(PipeOp op, std::string_view digits) {
  std::string out(digits);
  switch (op) {
    case PipeOp::kReverse:
      std::reverse(out.begin(), out.end());
      return out;
    case PipeOp::kSort:
      std::sort(out.begin(), out.end());
      return out;
    case PipeOp::kIncrement:
      return each(digits, [](int d) { return d + 1; });
    case PipeOp::kDouble:
      return each(digits, [](int d) { return d * 2; });
    case PipeOp::kOdd:
      return keep(digits, [](int d) { return d % 2 == 1; });
    case PipeOp::kBig:
      return keep(digits, [](int d) { return d >= 5; });
    case PipeOp::kBehead:
      return out.empty() ? out : out.substr(1);
    case PipeOp::kCurtail:
      return out.substr(0, out.empty() ? 0 : out.size() - 1);
  }
  fail("pipe: operation ", static_cast<int>(op), ", expected 0 to ", kPipeOps - 1);
}

std::optional<std::string> run_pipe(const PipeProgram& program, std::string_view input) {
  if (input.size() > kMaxPipeInput || !all_digits(input)) return std::nullopt;
  if (program.says) return program.says;
  std::string list(input);
  for (const PipeOp op : program.stages) list = pipe_apply(op, list);
  return list;
}

}  // namespace r1
