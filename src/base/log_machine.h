// What a run was made with: code version, compiler, processor, memory. Goes into config.json under "machine", so that
// a figure can be traced to its machine. No host or user names: a report is made to be passed on. Paper: none.
#pragma once
#include "base/fields.h"

namespace r1 {

/// {"code": version, "compiler": ..., "real": "float"|"double", "cpu": model name, "cores": n, "memory_gb": x,
///  "system": kernel name and release}.
Json machine_info();

}  // namespace r1
