// The progress line of long work: what, how far, rate, time left, the figures that matter. On a terminal one line is
// rewritten in place; elsewhere a line is printed now and then, so that a log stays short. Paper: none.
//   r1-zero  34/110 rollouts  ████▋···········  0.21/s  ETA 6:12  pass@1 46%  length 58
#pragma once
#include <cstdint>
#include <cstdio>
#include <deque>
#include <functional>
#include <string>
#include <utility>

namespace r1 {

struct ProgressOptions {
  std::FILE* out = stderr;
  int tty = -1;                   ///< 1 rewrite one line, 0 sparse lines, -1 ask the stream
  double sparse_s = 10;           ///< seconds between lines when not a terminal
  std::function<double()> clock;  ///< seconds; empty = steady clock (tests pass their own)
};

class Progress {
 public:
  /// `unit` in the plural ("rollouts"); total > 0; `start` units were done before (a resumed run).
  Progress(std::string what, std::string unit, int64_t total, int64_t start = 0, ProgressOptions options = {});
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  /// `done` units in all; `figures` is free text, shown as given without control characters.
  void update(int64_t done, const std::string& figures = "");
  /// Prints a line of its own above the progress line.
  void message(const std::string& line);
  /// Last line with the time it all took; later calls do nothing.
  void finish(const std::string& figures = "");
  /// The text of the line, without cursor movements: for tests and for callers with a display of their own.
  std::string line(const std::string& figures) const;

 private:
  void draw(const std::string& text);
  double rate() const;

  std::string what_, unit_;
  int64_t total_, done_;
  ProgressOptions options_;
  std::deque<std::pair<double, int64_t>> recent_;  // (time, done) of the last updates: the rate is theirs
  double begin_, last_draw_;
  bool shown_ = false, finished_ = false;
};

/// "8.4 s", "6:12", "1:02:03".
std::string format_duration(double seconds);
/// "0.21/s", "13.4k/s"; "3.2/min" when slower than 0.1 a second.
std::string format_rate(double per_second);
/// Text fit for a terminal: control characters (escape sequences among them) become '?', newlines stay if asked.
std::string printable(const std::string& text, bool keep_newlines = false);

}  // namespace r1
