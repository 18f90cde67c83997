// The private directory of a run at levels 0 and 1, where no file system of its own bounds it: measured while the
// program runs, removed afterwards. Trap: a program can nest directories deeper than PATH_MAX or than we may open
// descriptors, so both walk by descriptor and never recurse without bound. Paper: none.
#pragma once
#include <cstdint>
#include <string>

namespace r1::runner {

/// More bytes, names or levels of nesting in it than allowed.
bool box_is_over(const std::string& path, uint64_t bytes, uint64_t names);

/// Removes it with everything in it.
void remove_box(const std::string& path);

}  // namespace r1::runner
