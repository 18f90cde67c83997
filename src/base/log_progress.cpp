// Rate over the last updates, time left, one rewritten line. Paper: none.
#include "base/log_progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <chrono>
#include <cmath>

#include "base/check.h"

namespace r1 {
namespace {

constexpr size_t kWindow = 24;   // updates that the rate is taken over
constexpr double kRedraw = 0.1;  // seconds between drawings on a terminal
constexpr int kBarWidth = 16;    // characters, eight steps each

std::string bar(double share) {
  static const char* const kPart[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const int eighths = static_cast<int>(std::floor(std::min(1.0, std::max(0.0, share)) * kBarWidth * 8));
  std::string s;
  for (int i = 0; i < eighths / 8; ++i) s += "█";
  s += kPart[eighths % 8];
  for (int i = eighths / 8 + (eighths % 8 > 0); i < kBarWidth; ++i) s += "·";
  return s;
}

// Cuts to a number of characters; a UTF-8 continuation byte takes no room.
std::string cut(const std::string& s, int columns) {
  int seen = 0;
  for (size_t i = 0; i < s.size(); ++i)
    if ((static_cast<unsigned char>(s[i]) & 0xC0) != 0x80 && ++seen > columns) return s.substr(0, i);
  return s;
}

int terminal_width(std::FILE* f) {
  winsize w{};
  return ::ioctl(::fileno(f), TIOCGWINSZ, &w) == 0 && w.ws_col > 0 ? w.ws_col : 100;
}

std::string fixed(double v, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, v);
  return text;
}

}  // namespace

std::string format_duration(double seconds) {
  if (!(seconds >= 0) || seconds > 1e9) return "?";
  if (seconds < 9.95) return fixed(seconds, 1) + " s";
  const auto s = static_cast<int64_t>(std::llround(seconds));
  if (s < 60) return cat(s, " s");
  char text[64];
  if (s < 3600)
    std::snprintf(text, sizeof text, "%d:%02d", static_cast<int>(s / 60), static_cast<int>(s % 60));
  else
    std::snprintf(text, sizeof text, "%lld:%02d:%02d", static_cast<long long>(s / 3600), static_cast<int>(s / 60 % 60),
                  static_cast<int>(s % 60));
  return text;
}

std::string format_rate(double per_second) {
  if (!(per_second > 0) || !std::isfinite(per_second)) return "?/s";
  if (per_second < 0.1) return fixed(per_second * 60, per_second < 0.01 ? 2 : 1) + "/min";
  if (per_second < 10) return fixed(per_second, 2) + "/s";
  if (per_second < 1000) return fixed(per_second, per_second < 100 ? 1 : 0) + "/s";
  if (per_second < 1e6) return fixed(per_second / 1e3, 1) + "k/s";
  return fixed(per_second / 1e6, 1) + "M/s";
}

std::string printable(const std::string& text, bool keep_newlines) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    // C1 controls are U+0080-U+009F: two bytes, 0xC2 and then 0x80-0x9F.
    const bool c1 = c == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if ((c < 0x20 && !(keep_newlines && c == '\n')) || c == 0x7f || c1) {
      out += '?';
      i += c1;
    } else {
      out += text[i];
    }
  }
  return out;
}

Progress::Progress(std::string what, std::string unit, int64_t total, int64_t start, ProgressOptions options)
    : what_(std::move(what)), unit_(std::move(unit)), total_(total), done_(start), options_(std::move(options)) {
  if (!options_.clock)
    options_.clock = [] {
      return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
    };
  if (options_.tty < 0) options_.tty = ::isatty(::fileno(options_.out)) ? 1 : 0;
  begin_ = options_.clock();
  last_draw_ = begin_ - 1e9;
  recent_.emplace_back(begin_, start);
}

Progress::~Progress() {
  if (options_.tty && shown_ && !finished_) std::fputs("\n", options_.out);
}

double Progress::rate() const {
  const auto& [t0, n0] = recent_.front();
  const auto& [t1, n1] = recent_.back();
  return t1 > t0 ? static_cast<double>(n1 - n0) / (t1 - t0) : 0;
}

std::string Progress::line(const std::string& figures) const {
  const double share = total_ > 0 ? static_cast<double>(done_) / static_cast<double>(total_) : 0;
  std::string s = cat(what_, "  ", done_, "/", total_, " ", unit_, "  ", bar(share));
  if (const double r = rate(); r > 0) {
    // Between two updates the estimate counts down with the clock instead of standing still.
    const double since = options_.clock() - recent_.back().first;
    const double left = static_cast<double>(total_ - done_) / r - since;
    s += cat("  ", format_rate(r));
    if (done_ < total_) s += cat("  ETA ", format_duration(left > 0 ? left : 0));
  }
  return figures.empty() ? s : cat(s, "  ", printable(figures));
}

void Progress::draw(const std::string& text) {
  if (options_.tty)
    std::fprintf(options_.out, "\r\033[K%s", cut(text, terminal_width(options_.out) - 1).c_str());
  else
    std::fprintf(options_.out, "%s\n", text.c_str());
  std::fflush(options_.out);
  shown_ = true;
}

void Progress::update(int64_t done, const std::string& figures) {
  if (finished_) return;
  done_ = done;
  const double now = options_.clock();
  recent_.emplace_back(now, done);
  while (recent_.size() > kWindow) recent_.pop_front();
  if (now - last_draw_ < (options_.tty ? kRedraw : options_.sparse_s)) return;
  last_draw_ = now;
  draw(line(figures));
}

void Progress::message(const std::string& text) {
  if (options_.tty && shown_) std::fputs("\r\033[K", options_.out);
  std::fprintf(options_.out, "%s\n", printable(text).c_str());
  std::fflush(options_.out);
  last_draw_ = options_.tty ? options_.clock() - 1e9 : last_draw_;
}

void Progress::finish(const std::string& figures) {
  if (finished_) return;
  std::string s = cat(what_, "  ", done_, "/", total_, " ", unit_, " in ", format_duration(options_.clock() - begin_));
  draw(figures.empty() ? s : cat(s, "  ", printable(figures)));
  if (options_.tty) std::fputs("\n", options_.out);
  finished_ = true;
}

}  // namespace r1
