// Pipe, the small language in which the toy world's models program: a chain of stages on a list of digits, read from
// one line and printed as one line. "srt|inc" reads 352 and prints 346. It is total by construction (no loops, and no
// stage lets a list grow), so running hostile text needs limits on length alone. In: text of a model. Out: a line, or
// why not. Paper: none ([R1 §2.2]: code is judged by running it on tests).
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace r1 {

enum class PipeOp : uint8_t {
  kReverse,    ///< rev
  kSort,       ///< srt: ascending
  kIncrement,  ///< inc: each digit + 1, 9 becomes 0
  kDouble,     ///< dbl: each digit times 2, tens dropped
  kOdd,        ///< odd: keeps the odd ones
  kBig,        ///< big: keeps 5 and above
  kBehead,     ///< beh: drops the first
  kCurtail,    ///< cur: drops the last
};
inline constexpr int kPipeOps = 8;
/// "rev" and the like.
const char* name_of(PipeOp op);

/// Either stages, or "say DIGITS", which prints the same whatever it reads.
struct PipeProgram {
  std::vector<PipeOp> stages;
  std::optional<std::string> says;
};

/// Longest program and longest input line, in bytes and digits.
inline constexpr size_t kMaxPipeProgram = 256, kMaxPipeInput = 64;

/// STAGE {"|" STAGE} or "say" " " DIGIT {DIGIT}; nothing else, no blanks elsewhere. Nothing if the text is no program.
std::optional<PipeProgram> parse_pipe(std::string_view text);
/// The program as text; parse_pipe's inverse.
std::string pipe_text(const PipeProgram& program);

/// One stage. The list may become empty; an empty list stays empty.
std::string pipe_apply(PipeOp op, std::string_view digits);
/// What the program prints for an input line of digits, without line end. Nothing if the input is no list of digits
/// (empty, too long, another character): the program fails.
std::optional<std::string> run_pipe(const PipeProgram& program, std::string_view input);

}  // namespace r1
