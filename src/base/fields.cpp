// Helpers of the config visitor: names of JSON kinds and spelling suggestions. Paper: none.
#include "base/fields.h"

#include <algorithm>
#include <numeric>

namespace r1 {

size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t keep = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, keep});
    }
  }
  return row[b.size()];
}

void unknown_field(const std::string& where, const std::string& name, const std::vector<std::string>& known) {
  std::string best, all;
  size_t best_distance = name.size() / 2 + 1;
  for (const auto& k : known) {
    if (const size_t d = edit_distance(name, k); d < best_distance) best = k, best_distance = d;
    all += (all.empty() ? "" : ", ") + k;
  }
  if (!best.empty()) fail(where, ": unknown field '", name, "', did you mean '", best, "'?");
  fail(where, ": unknown field '", name, "', expected one of: ", all);
}

std::string json_kind(const Json& j) {
  if (j.is_null()) return "null";
  if (j.is_boolean()) return "true/false";
  if (j.is_string()) return "a string";
  if (j.is_array()) return "a list";
  if (j.is_object()) return "an object";
  if (j.is_number_integer()) return "a whole number";
  return "a number";
}

}  // namespace r1
