// Settings from file and flags. Paper: none.
#include "cli/settings.h"

#include "base/json_file.h"

namespace r1 {

Json Settings::read(const std::vector<std::string>& known) const {
  Json j = file.empty() ? Json::object() : read_json_file(file);
  if (!j.is_object()) fail(file, ": expected a JSON object of sections, got ", json_kind(j));
  for (const std::string& set : sets) {
    const size_t eq = set.find('='), dot = set.find('.');
    if (eq == std::string::npos || dot == std::string::npos || dot > eq)
      throw UsageError("--set " + set + ": expected section.field=value");
    const std::string value = set.substr(eq + 1);
    Json parsed = Json::parse(value, nullptr, false);
    if (parsed.is_discarded()) parsed = value;  // a bare word is a string
    Json* at = &j;
    std::string path = set.substr(0, eq);
    for (size_t cut; (cut = path.find('.')) != std::string::npos; path = path.substr(cut + 1))
      at = &(*at)[path.substr(0, cut)];
    (*at)[path] = parsed;
  }
  for (const auto& [key, value] : j.items())
    if (std::find(known.begin(), known.end(), key) == known.end())
      unknown_field(file.empty() ? "--set" : file, key, known);
  return j;
}

}  // namespace r1
