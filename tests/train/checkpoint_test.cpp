#include "train/checkpoint.h"

#include <filesystem>
#include <fstream>

#include "base/io.h"
#include "support/catch.h"
#include "support/files.h"
#include "support/tiny.h"

using namespace r1;
using namespace r1_test;

namespace {

CheckpointState state_of(Tensor a, Tensor b) {
  CheckpointState s;
  s.add("a", a);
  s.add("b", b);
  s.sections["about"] = 7;
  return s;
}

Tensor filled(int64_t n, real x) {
  Tensor t = Tensor::zeros({n});
  for (int64_t i = 0; i < n; ++i) t.data()[i] = x + static_cast<real>(i);
  return t;
}

}  // namespace

TEST_CASE("a checkpoint comes back as it was") {
  const TempDir dir;
  save_checkpoint(dir.path() + "/x-3", state_of(filled(5, 1), filled(2, 9)));
  Tensor a = Tensor::zeros({5}), b = Tensor::zeros({2});
  CheckpointState s = state_of(a, b);
  CHECK(load_checkpoint(dir.path() + "/x-3", s)["about"] == 7);
  CHECK(a.to_vector() == filled(5, 1).to_vector());
  CHECK(b.to_vector() == filled(2, 9).to_vector());
}

TEST_CASE("cut, changed, swapped or foreign checkpoints are one error line and change nothing") {
  const TempDir dir;
  const std::string path = dir.path() + "/x-1", file = path + "/tensors.safetensors";
  save_checkpoint(path, state_of(filled(5, 1), filled(2, 9)));
  Tensor a = Tensor::zeros({5}), b = Tensor::zeros({2});
  CheckpointState s = state_of(a, b);
  const auto refuses = [&](const std::string& what) {
    CHECK_THROWS_WITH(load_checkpoint(path, s), ContainsSubstring(what));
    CHECK(a.to_vector() == std::vector<real>(5, 0));
  };
  const std::string good = read_text(file);
  write_file(file, good.substr(0, good.size() - 4));
  refuses("bytes, expected");
  std::string bad = good;
  bad[bad.size() - 3] ^= 1;
  write_file(file, bad);
  refuses("the file is damaged");
  std::filesystem::remove(file);
  refuses("missing");
  write_file(file, good);
  CheckpointState other = state_of(a, Tensor::zeros({3}));
  CHECK_THROWS_AS(load_checkpoint(path, other), Error);
  CheckpointState fewer;
  fewer.add("a", a);
  CHECK_THROWS_WITH(load_checkpoint(path, fewer), ContainsSubstring("another model or stage"));
  CHECK_THROWS_WITH(load_checkpoint(dir.path() + "/none-1", s), ContainsSubstring("no such checkpoint"));
}

TEST_CASE("a full disk at any call leaves the old checkpoint usable; so does a crash") {
  const TempDir dir;
  const std::string path = dir.path() + "/x-1";
  for (const auto kind : {FaultPlan::Kind::kEnospc, FaultPlan::Kind::kEio, FaultPlan::Kind::kCrash}) {
    for (int64_t at = 0; at < 200; ++at) {
      std::filesystem::remove_all(dir.path());
      make_directories(dir.path());
      save_checkpoint(path, state_of(filled(5, 1), filled(2, 9)));
      int64_t calls = 0;
      {
        ScopedFaults faults({kind, at});
        try {
          save_checkpoint(dir.path() + "/x-2", state_of(filled(5, 2), filled(2, 8)));
        } catch (const Error&) {
        }
        calls = faults.calls();
      }
      const std::string newest = latest_checkpoint(dir.path());
      Tensor a = Tensor::zeros({5}), b = Tensor::zeros({2});
      CheckpointState s = state_of(a, b);
      REQUIRE(!newest.empty());
      load_checkpoint(newest, s);
      CHECK((a.data()[0] == 1 || a.data()[0] == 2));
      CHECK((newest.back() == '1') == (a.data()[0] == 1));
      if (calls <= at) break;
    }
  }
}

TEST_CASE("the newest complete checkpoint is found, damaged ones are named, old ones pruned") {
  const TempDir dir;
  for (int n : {2, 10, 9})
    save_checkpoint(dir.path() + "/u-" + std::to_string(n), state_of(filled(5, 1), filled(2, 9)));
  CHECK(latest_checkpoint(dir.path()).substr(dir.path().size()) == "/u-10");
  write_file(dir.path() + "/u-10/state.json", "{}");
  std::vector<std::string> skipped;
  CHECK(latest_checkpoint(dir.path(), &skipped).substr(dir.path().size()) == "/u-9");
  CHECK(skipped.size() == 1);
  make_directories(dir.path() + "/u-11.tmp");
  prune_checkpoints(dir.path(), 2);
  CHECK(std::filesystem::exists(dir.path() + "/u-9"));
  CHECK_FALSE(std::filesystem::exists(dir.path() + "/u-2"));
  CHECK_FALSE(std::filesystem::exists(dir.path() + "/u-11.tmp"));
}
