#include "formats/safetensors.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <sstream>

#include "base/json_file.h"
#include "base/rng.h"
#include "support/catch.h"
#include "support/files.h"

using namespace r1;
using Fault = SafetensorsFault;
using r1_test::TempDir;

namespace {

std::string file_of(const std::string& header, size_t data_bytes) {
  const uint64_t n = header.size();
  return std::string(reinterpret_cast<const char*>(&n), 8) + header + std::string(data_bytes, '\1');
}

/// The fault that parsing raises, "" for none.
std::string fault_of(const std::string& file) {
  try {
    Safetensors::parse(as_bytes(file), "f");
  } catch (const SafetensorsError& e) {
    CHECK(std::string(e.what()).find('\n') == std::string::npos);
    return std::string(fault_name(e.fault));
  }
  return "";
}

void collect(const Json& j, std::vector<double>& out) {
  if (j.is_array())
    for (const auto& x : j) collect(x, out);
  else
    out.push_back(j.get<double>());
}

}  // namespace

TEST_CASE("reference files of the format are judged as its authors do") {
  const auto dir = r1_test::shared_data("safetensors_cases");
  if (!dir) {
    WARN("skipped: no shared data (set R1_SHARED_DATA)");
    return;
  }
  std::istringstream index(read_text(*dir + "/index.jsonl"));
  int cases = 0;
  for (std::string line; std::getline(index, line); ++cases) {
    const Json c = parse_json(line, "index.jsonl");
    const std::string name = c["file"], file = read_text(*dir + "/" + name);
    INFO(name);
    if (name == "whitespace_leading_ok.safetensors") {  // the known difference: we ask for '{' first
      CHECK(fault_of(file) == "InvalidHeader");
      continue;
    }
    CHECK(fault_of(file) == (c["valid"].get<bool>() ? "" : c["error"].get<std::string>()));
    if (!c["valid"].get<bool>()) continue;
    const Safetensors s = Safetensors::open(*dir + "/" + name);
    CHECK(s.tensors().size() == c["tensors"].size());
    for (const auto& [tensor, kind] : c["tensors"].items()) {
      const TensorInfo& t = s.require(tensor, kind[1].get<std::vector<int64_t>>());
      CHECK(dtype_name(t.dtype) == kind[0].get<std::string>());
      if (!c.contains("values")) continue;
      std::vector<double> expected;
      collect(c["values"], expected);
      CHECK(s.read_double(t) == expected);
    }
  }
  CHECK(cases == 21);
}

TEST_CASE("planted errors of a safetensors header are each named") {
  const auto one = [](const std::string& inner, size_t bytes = 4) {
    return fault_of(file_of("{\"a\":{" + inner + "}}", bytes));
  };
  const std::string good = R"("dtype":"F32","shape":[1],"data_offsets":[0,4])";
  CHECK(one(good) == "");
  CHECK(fault_of(file_of("{\"a\":{" + good + "},\"a\":{" + good + "}}", 4)) == "DuplicateName");
  CHECK(fault_of(file_of("{\"a\":{" + good + "},\"\\u0061\":{" + good + "}}", 4)) ==
        "DuplicateName");  // same after escapes
  CHECK(one(good + R"(,"dtype":"F32")") == "DuplicateName");
  CHECK(one(good + R"(,"extra":1)") == "InvalidHeaderDeserialization");
  CHECK(one(R"("dtype":"F32","shape":[1])") == "InvalidHeaderDeserialization");
  CHECK(one(R"("dtype":"F33","shape":[1],"data_offsets":[0,4])") == "InvalidHeaderDeserialization");
  CHECK(one(R"("dtype":"F32","shape":[-1],"data_offsets":[0,4])") == "InvalidHeaderDeserialization");
  CHECK(one(R"("dtype":"F32","shape":[1.0],"data_offsets":[0,4])") == "InvalidHeaderDeserialization");
  CHECK(one(R"("dtype":"F32","shape":[[1]],"data_offsets":[0,4])") == "InvalidHeaderDeserialization");
  CHECK(one(R"("dtype":"F32","shape":[1],"data_offsets":[0,4,4])") == "InvalidHeaderDeserialization");
  CHECK(one(R"("dtype":"F32","shape":[1],"data_offsets":[0])") == "InvalidHeaderDeserialization");
  CHECK(one(R"("dtype":"F32","shape":[1],"data_offsets":[4,0])") == "InvalidOffset");
  CHECK(one(R"("dtype":"F32","shape":[1],"data_offsets":[4,8])", 8) == "InvalidOffset");  // a hole in front
  CHECK(one(R"("dtype":"F32","shape":[2],"data_offsets":[0,4])") == "TensorInvalidInfo");
  CHECK(one(good, 5) == "MetadataIncompleteBuffer");
  CHECK(one(R"("dtype":"F4","shape":[3],"data_offsets":[0,2])", 2) == "MisalignedSlice");
  CHECK(one(R"("dtype":"F4","shape":[4],"data_offsets":[0,2])", 2) == "");
  CHECK(one(R"("dtype":"F32","shape":[4611686018427387904,4611686018427387904,0],"data_offsets":[0,0])", 0) ==
        "ValidationOverflow");
  CHECK(one(R"("dtype":"F32","shape":[9223372036854775808],"data_offsets":[0,4])") == "ValidationOverflow");
  CHECK(one(R"("dtype":"F64","shape":[1152921504606846976],"data_offsets":[0,4])") == "ValidationOverflow");
  CHECK(fault_of(file_of(R"({"__metadata__":{"a":1}})", 0)) == "InvalidHeaderDeserialization");
  CHECK(fault_of(file_of(R"({"__metadata__":{"a":"1","a":"2"}})", 0)) == "DuplicateName");
  CHECK(fault_of(file_of(R"({"__metadata__":{"a":"1"},"__metadata__":{}})", 0)) == "DuplicateName");
  CHECK(fault_of(file_of(std::string("{}\0{}", 5), 0)) == "InvalidHeaderDeserialization");
  CHECK(fault_of(file_of("[]", 0)) == "InvalidHeader");
  CHECK(fault_of(file_of("", 0)) == "InvalidHeader");
  CHECK(fault_of(file_of("{}   ", 0)) == "");
  CHECK(fault_of(file_of("{} {}", 0)) == "InvalidHeaderDeserialization");
  CHECK(fault_of(file_of("{\"a\":" + std::string(100000, '['), 0)) == "InvalidHeaderDeserialization");
}

TEST_CASE("a written file reads back with equal bytes, and any order of types stays aligned") {
  TempDir dir;
  const std::string path = dir / "w.safetensors";
  std::vector<float> f{1.5f, -2.25f, 3e-40f, std::numeric_limits<float>::infinity(), 0.1f, -0.0f};
  std::vector<uint8_t> bytes{1, 2, 3};
  SafetensorsWriter w(path,
                      {{"b", FileDtype::kU8, {3}},
                       {"f", FileDtype::kF32, {2, 3}},
                       {"h", FileDtype::kBf16, {6}},
                       {"d", FileDtype::kF64, {6}},
                       {"s", FileDtype::kF32, {}},
                       {"z", FileDtype::kF32, {2, 0}}},
                      {{"format", "pt"}, {"note", "a \"quoted\"\nline"}});
  for (const auto& t : w.tensors()) {
    if (t.name == "b") w.add("b", std::as_bytes(std::span(bytes)));
    if (t.name == "f" || t.name == "h" || t.name == "d") w.add(t.name, std::span<const float>(f));
    if (t.name == "s") w.add(t.name, std::span<const float>(f).first(1));
    if (t.name == "z") w.add(t.name, std::span<const float>());
  }
  CHECK(!file_exists(path));
  w.commit();
  for (bool map : {true, false}) {
    const Safetensors s = Safetensors::open(path, map);
    CHECK(s.tensors().size() == 6);
    CHECK(s.metadata().at("note") == "a \"quoted\"\nline");
    const Bytes raw = s.bytes(s.require("f", {2, 3}));
    CHECK(std::memcmp(raw.data(), f.data(), raw.size()) == 0);
    CHECK(s.read_double(s.require("d"))[4] == static_cast<double>(f[4]));
    CHECK(s.read_double(s.require("h"))[4] == 0.10009765625);
    CHECK(s.read_double(s.require("b")) == std::vector<double>{1, 2, 3});
    std::vector<real> part(2);
    s.read(s.require("f"), 1, part);
    CHECK(part == std::vector<real>{static_cast<real>(-2.25), static_cast<real>(3e-40f)});
    for (const auto& t : s.tensors()) CHECK(t.begin % (dtype_bits(t.dtype) / 8) == 0);
    CHECK_THROWS_WITH(s.require("nope"), ContainsSubstring("tensor 'nope' is missing"));
    CHECK_THROWS_WITH(s.require("f", {3, 2}), ContainsSubstring("tensor 'f' has shape [2, 3], expected [3, 2]"));
    CHECK_THROWS_AS(s.read(s.require("f"), 5, part), Error);
  }
}

TEST_CASE("the writer refuses what the reader would") {
  TempDir dir;
  const std::string path = dir / "w.safetensors";
  CHECK_THROWS_AS(SafetensorsWriter(path, {{"a", FileDtype::kF32, {1}}, {"a", FileDtype::kF32, {1}}}),
                  SafetensorsError);
  CHECK_THROWS_WITH(SafetensorsWriter(path, {{"a", FileDtype::kF32, {-1}}}),
                    ContainsSubstring("cannot write shape [-1]"));
  CHECK_THROWS_WITH(SafetensorsWriter(path, {{"\xFF", FileDtype::kF32, {1}}}), ContainsSubstring("not UTF-8"));
  std::vector<float> one{1};
  {
    SafetensorsWriter w(path, {{"a", FileDtype::kF32, {1}}, {"b", FileDtype::kF32, {1}}});
    CHECK_THROWS_WITH(w.add("b", std::span<const float>(one)), ContainsSubstring("expected 'a' next"));
    w.add("a", std::span<const float>(one));
    CHECK_THROWS_WITH(w.commit(), ContainsSubstring("1 of 2 tensors"));
  }
  CHECK(!file_exists(path));
  CHECK(!file_exists(path + ".tmp"));
  ScopedFaults full({FaultPlan::Kind::kEnospc, 1});
  CHECK_THROWS_WITH(SafetensorsWriter(path, {{"a", FileDtype::kF32, {1}}}),
                    ContainsSubstring("cannot reserve space: No space left on device"));
}

TEST_CASE("no single changed byte of a safetensors file does harm") {
  TempDir dir;
  const std::string path = dir / "m.safetensors";
  std::vector<float> f{1, 2, 3, 4};
  SafetensorsWriter w(path, {{"x.y", FileDtype::kF32, {2, 2}}, {"n", FileDtype::kF16, {4}}}, {{"k", "v"}});
  w.add("x.y", std::span<const float>(f));
  w.add("n", std::span<const float>(f));
  w.commit();
  const std::string good = read_text(path);
  const size_t header_end = good.size() - 24;
  int accepted = 0;
  for (size_t i = 0; i < header_end; ++i)
    for (int v = 0; v < 256; ++v) {
      std::string bad = good;
      bad[i] = static_cast<char>(v);
      try {
        const Safetensors s = Safetensors::parse(as_bytes(bad), "m");
        double sum = 0;  // whatever it took for valid must be readable
        for (const auto& t : s.tensors())
          if (is_convertible(t.dtype))
            for (double x : s.read_double(t)) sum += x;
        ++accepted;
      } catch (const SafetensorsError&) {
      }
    }
  CHECK(accepted > 256);  // names and metadata may change
  CHECK(accepted < static_cast<int>(header_end) * 128);
  for (size_t n = 0; n < good.size(); ++n) CHECK(fault_of(good.substr(0, n)) != "");
}

TEST_CASE("bf16 and half conversions round to nearest even and keep NaN") {
  for (uint32_t h = 0; h < 0x10000; ++h) {
    const auto u = static_cast<uint16_t>(h);
    const float a = half_to_float(u), b = bf16_to_float(u);
    if (std::isnan(a))
      REQUIRE(std::isnan(half_to_float(float_to_half(a))));
    else
      REQUIRE(float_to_half(a) == u);
    if (std::isnan(b))
      REQUIRE(std::isnan(bf16_to_float(float_to_bf16(b))));
    else
      REQUIRE(float_to_bf16(b) == u);
  }
  // Independent rounding: the nearer of the two neighbours, the even one on a tie.
  Rng rng(5, Stream::kTest);
  for (int i = 0; i < 20000; ++i) {
    const float f = std::ldexp(static_cast<float>(rng.uniform() * 2 - 1), rng.range(-26, 16));
    if (std::fabs(f) >= 65504) continue;
    const uint16_t up = float_to_half(f);
    const double error = std::fabs(static_cast<double>(half_to_float(up)) - f);
    for (int d : {-1, 1}) {
      const double other = std::fabs(static_cast<double>(half_to_float(static_cast<uint16_t>(up + d))) - f);
      if (std::isnan(other)) continue;
      REQUIRE((error < other || (error == other && (up & 1) == 0)));
    }
  }
  CHECK(half_to_float(0x3c00) == 1.0f);
  CHECK(half_to_float(1) == 0x1p-24f);
  CHECK(float_to_half(65520.0f) == 0x7c00);
  CHECK(float_to_half(65519.0f) == 0x7bff);
  CHECK(float_to_bf16(1.00390625f) == 0x3f80);  // a tie goes to the even neighbour
  CHECK(float_to_bf16(1.01171875f) == 0x3f82);
}
