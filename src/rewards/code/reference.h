// The tests of a code problem (Problem::data): the language, how to compare, the limits and the hidden tests, as
// JSON with a closed set of fields:
//   {"language": "python", "compare": "exact", "block": "fenced", "cpu_ms": 4000, "wall_ms": 20000, "memory_mb": 256,
//    "output_bytes": 1048576, "tests": [{"in": "1 2\n", "out": "3\n"}, ...]}
// Only language and tests must be there. Trap: a reference without tests, or that cannot be read, makes everything
// unknown, never right. Paper: [R1 §2.2].
#pragma once
#include <string>

#include "base/fields.h"
#include "rewards/code/outcome.h"

namespace r1 {

struct CodeReference {
  std::string language;
  std::string compare = "exact";
  std::string block = "fenced";  ///< "whole": the answer is the program, for small languages without fences
  CodeLimits limits;
  std::vector<CodeTest> tests;
  template <class V>
  void visit(V& v) {
    v("language", language, "a registered code language");
    v("compare", compare, "exact bytes, or lines without blanks at their ends",
      std::vector<std::string>{"exact", "lines"});
    v("block", block, "where the program is in the answer", std::vector<std::string>{"fenced", "whole"});
    v("cpu_ms", limits.cpu_ms, "processor time of one test", 10, 600000);
    v("wall_ms", limits.wall_ms, "time of one test", 10, 3600000);
    v("memory_mb", limits.memory_mb, "address space in MiB", 32, 65536);
    v("output_bytes", limits.output_bytes, "bytes of stdout", 1, 16 << 20);
  }
};

/// Throws Error "WHERE: ..." with the field.
CodeReference read_reference(const std::string& json, const std::string& where);
std::string write_reference(const CodeReference& reference);

/// The job of an answer; form says why there is none (job.program is empty then).
CodeJob job_of(const CodeReference& reference, const std::string& answer, std::string& form);

}  // namespace r1
