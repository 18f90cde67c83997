// The progress line with a clock of its own.
#include "base/log_progress.h"

#include "support/catch.h"

using namespace r1;

namespace {

struct Capture {
  std::FILE* file = std::tmpfile();
  ~Capture() { std::fclose(file); }
  std::string text() {
    std::string s(static_cast<size_t>(std::ftell(file)), '\0');
    std::rewind(file);
    s.resize(std::fread(s.data(), 1, s.size(), file));
    return s;
  }
};

}  // namespace

TEST_CASE("durations and rates as people say them") {
  CHECK(format_duration(8.44) == "8.4 s");
  CHECK(format_duration(42) == "42 s");
  CHECK(format_duration(372) == "6:12");
  CHECK(format_duration(3723) == "1:02:03");
  CHECK(format_duration(59.7) == "1:00");
  CHECK(format_duration(-1) == "?");
  CHECK(format_rate(0.211) == "0.21/s");
  CHECK(format_rate(0.05) == "3.0/min");
  CHECK(format_rate(13440) == "13.4k/s");
  CHECK(format_rate(0) == "?/s");
}

TEST_CASE("rate and time left come from the last updates") {
  double now = 100;
  Capture out;
  Progress p("r1-zero", "rollouts", 110, 10, {out.file, 0, 10, [&] { return now; }});
  for (int i = 1; i <= 30; ++i) now += 2, p.update(10 + i, "");
  CHECK(p.line("pass@1 46%") == "r1-zero  40/110 rollouts  █████▊··········  0.50/s  ETA 2:20  pass@1 46%");
  now += 20;
  CHECK(p.line("").find("ETA 2:00") != std::string::npos);
}

TEST_CASE("without a terminal lines are sparse and plain") {
  double now = 0;
  Capture out;
  {
    Progress p("base", "updates", 1000, 0, {out.file, 0, 10, [&] { return now; }});
    for (int i = 1; i <= 1000; ++i) now += 0.1, p.update(i, "loss 1\x1b[2J");
    p.finish("loss 0.7");
    p.finish("twice");
  }
  const std::string text = out.text();
  CHECK(std::count(text.begin(), text.end(), '\n') == 11);  // 100 s: one line each 10 s, and the last
  CHECK(text.find('\x1b') == std::string::npos);
  CHECK(text.find('\r') == std::string::npos);
  CHECK(text.find("base  1000/1000 updates in 1:40  loss 0.7\n") != std::string::npos);
}

TEST_CASE("on a terminal one line is rewritten") {
  double now = 0;
  Capture out;
  {
    Progress p("base", "updates", 100, 0, {out.file, 1, 10, [&] { return now; }});
    for (int i = 1; i <= 50; ++i) now += 0.05, p.update(i);
    p.message("saved");
    p.finish();
  }
  const std::string text = out.text();
  CHECK(std::count(text.begin(), text.end(), '\n') == 2);        // the message, the end
  CHECK(text.find("\r\033[Kbase  2/100") == std::string::npos);  // 0.05 s after the first: too soon
  CHECK(text.find("\r\033[Ksaved\n") != std::string::npos);
  CHECK(text.find("\r\033[Kbase  3/100") != std::string::npos);
}

TEST_CASE("control characters never reach the terminal") {
  CHECK(printable("a\x1b[31mb\n\tc") == "a?[31mb??c");
  CHECK(printable("a\nb", true) == "a\nb");
  CHECK(printable("等 é \xC2\x9B"
                  "31m") == "等 é ?31m");
}
