// The base that quickstart.sh starts from is the one that data/README.md names, and passes the gate.
#include <fstream>
#include <iterator>

#include "pipeline/gate.h"
#include "pipeline/model_dir.h"
#include "support/catch.h"

using namespace r1;

TEST_CASE("the shipped base loads and passes the gate") {
  const std::string dir = std::string(R1_SOURCE_DIR) + "/data/math-1-base";
  ModelDir base = load_model_dir(dir);
  const World world(WorldConfig{}, std::move(base.tokenizer));
  ThreadPool pool(2);
  const GateReport gate = measure_gate(*base.model, world, 200, pool);
  INFO(gate.line());
  CHECK(gate.failed() == "");
}
