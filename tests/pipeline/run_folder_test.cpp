#include "pipeline/run_folder.h"

#include "base/io.h"
#include "support/catch.h"
#include "support/files.h"

using namespace r1;

TEST_CASE("a run goes on only by the command that began it; the error names the first field that differs") {
  r1_test::TempDir dir;
  const std::string path = dir / "run";
  const Json config{{"seed", 3}, {"train", {{"updates", 6000}, {"lr", 0.5}}}};
  CHECK_THROWS_WITH(RunFolder(path, config, true), ContainsSubstring("no run to resume"));
  RunFolder(path, config, false);
  CHECK_THROWS_WITH(RunFolder(path, config, false), ContainsSubstring("a run is there already"));
  RunFolder(path, config, true);
  Json other = config;
  other["train"]["updates"] = 8000;
  CHECK_THROWS_WITH(RunFolder(path, other, true),
                    ContainsSubstring("field 'train.updates' is 6000, this command has 8000; a resumed run"));
  other = config, other["train"].erase("lr");
  CHECK_THROWS_WITH(RunFolder(path, other, true), ContainsSubstring("field 'train.lr' is 0.5, this command has null"));
  other = config, other["world"] = "math-1";
  CHECK_THROWS_WITH(RunFolder(path, other, true),
                    ContainsSubstring("field 'world' is null, this command has \"math-1\""));
}
