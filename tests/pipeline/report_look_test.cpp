// Not a check: writes made-up runs and their pages into a folder, to be looked at. Hidden; run it by name:
//   R1_LOOK=/some/folder build/cpu/tests/r1_tests "[look]"
#include <cstdlib>

#include "base/io.h"
#include "base/log_jsonl.h"
#include "pipeline/report.h"
#include "support/catch.h"
#include "support/fake_run.h"

using namespace r1;

TEST_CASE("pages to look at", "[.look]") {
  const char* folder = std::getenv("R1_LOOK");
  if (!folder) return;
  std::vector<Run> runs;
  for (uint64_t seed = 100; seed < 103; ++seed) {
    const std::string run = std::string(folder) + "/seed" + std::to_string(seed);
    r1_test::write_fake_run(run, seed, 110);
    runs.push_back(load_run(run));
  }
  write_file(std::string(folder) + "/compare.html", report_html(runs));
  write_file(runs[0].folder + "/report.html", report_html({runs[0]}));
}
