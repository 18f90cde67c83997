// paper_notes/metrics.md is what the declarations say.
#include "base/io.h"
#include "base/log.h"
#include "base/log_jsonl.h"
#include "support/catch.h"

TEST_CASE(
    "paper_notes/metrics.md lists every declared metric (if not: build/cpu/r1 report --metrics > "
    "paper_notes/metrics.md)") {
  const std::string page = r1::read_text(R1_SOURCE_DIR "/paper_notes/metrics.md");
  CHECK(page == r1::metrics_page({"test"}));
}
