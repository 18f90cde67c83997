// Paper: [R1 §2.2].
#include "rewards/code/reference.h"

#include "base/json_file.h"
#include "rewards/code/extract.h"
#include "rewards/code/language.h"

namespace r1 {
namespace {

constexpr size_t kMaxTests = 1000;
constexpr uint64_t kMaxBytes = uint64_t{32} << 20;

CodeTest read_test(const Json& j, const std::string& where) {
  if (!j.is_object()) fail(where, ": expected an object with 'in' and 'out', got ", json_kind(j));
  for (const auto& [key, value] : j.items())
    if (key != "in" && key != "out") unknown_field(where, key, {"in", "out"});
  if (!j.contains("in") || !j.contains("out")) fail(where, ": expected both 'in' and 'out'");
  CodeTest test;
  fields::read(j["in"], test.input, where + ".in");
  fields::read(j["out"], test.expected, where + ".out");
  return test;
}

}  // namespace

CodeReference read_reference(const std::string& json, const std::string& where) {
  JsonLimits limits;
  limits.max_bytes = kMaxBytes;
  Json j = parse_json(json, where, limits);
  if (!j.is_object()) fail(where, ": expected a JSON object, got ", json_kind(j));
  if (!j.contains("tests")) fail(where, ": no field 'tests'");
  const Json tests = j["tests"];
  j.erase("tests");
  CodeReference r;
  fields::from_json(r, j, where);
  if (r.language.empty()) fail(where, ": no field 'language'");
  if (!tests.is_array() || tests.empty() || tests.size() > kMaxTests)
    fail(where, ": field 'tests': expected a list of 1 to ", kMaxTests, " tests");
  for (size_t i = 0; i < tests.size(); ++i) r.tests.push_back(read_test(tests[i], cat(where, ": tests[", i, "]")));
  return r;
}

std::string write_reference(const CodeReference& reference) {
  Json j = fields::to_json(reference);
  j["tests"] = Json::array();
  for (const CodeTest& t : reference.tests) j["tests"].push_back(Json{{"in", t.input}, {"out", t.expected}});
  return j.dump();
}

CodeJob job_of(const CodeReference& r, const std::string& answer, std::string& form) {
  CodeJob job{r.language, "", r.tests, r.limits, r.compare == "lines" ? Compare::kLines : Compare::kExact, false};
  form.clear();
  if (r.block == "whole") {
    job.program = answer;
    return job;
  }
  ExtractedCode code = extract_code(answer, Registry<CodeLanguage>::get().find("code language", r.language).fences);
  if (code.form != CodeForm::kOk) form = name_of(code.form);
  job.program = std::move(code.program);
  return job;
}

}  // namespace r1
