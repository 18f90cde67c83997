// Settings of a command: a JSON file of sections, and single values from --set section.field=value on top.
// Paper: none.
#pragma once
#include <string>
#include <vector>

#include "base/fields.h"

namespace r1 {

struct Settings {
  std::string file;
  std::vector<std::string> sets;

  /// The merged object; sections outside `known` are an error. Throws Error naming file or flag.
  Json read(const std::vector<std::string>& known) const;
  /// Fills `config` from section `name` of j, if it is there.
  template <class T>
  void apply(const Json& j, const std::string& name, T& config) const {
    if (auto it = j.find(name); it != j.end())
      fields::from_json(config, *it, (file.empty() ? "--set" : file) + ": section '" + name + "'");
  }
};

}  // namespace r1
