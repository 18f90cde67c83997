// A config struct lists each field once, in `visit`; defaults, JSON in and out, range checks, --help and the
// "unknown field, did you mean" message are visitors over that list. Paper: none.
//
//   struct TrainConfig {
//     double lr = 4e-3;
//     template <class V> void visit(V& v) { v("lr", lr, "peak learning rate", 0.0, 1.0); }
//   };
#pragma once
#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/check.h"

namespace r1 {

using Json = nlohmann::ordered_json;

/// Smallest number of single-character edits between two words; for "did you mean".
size_t edit_distance(const std::string& a, const std::string& b);
/// `name` is none of `known`: throws Error "WHERE: unknown field 'nmae', did you mean 'name'?".
[[noreturn]] void unknown_field(const std::string& where, const std::string& name,
                                const std::vector<std::string>& known);
/// The JSON type as a person would say it.
std::string json_kind(const Json& j);

namespace fields {

struct Names {
  std::vector<std::string> names;
  template <class T, class... R>
  void operator()(const char* name, T&, const char*, R...) {
    names.push_back(name);
  }
};

template <class T>
concept Visitable = requires(T t, Names& n) {
  t.visit(n);
};

template <class T>
void from_json(T& config, const Json& j, const std::string& where);

inline void read(const Json& j, bool& out, const std::string& where) {
  if (!j.is_boolean()) fail(where, ": expected true or false, got ", json_kind(j));
  out = j.get<bool>();
}
inline void read(const Json& j, std::string& out, const std::string& where) {
  if (!j.is_string()) fail(where, ": expected a string, got ", json_kind(j));
  out = j.get<std::string>();
}
template <class T>
requires std::is_integral_v<T>
void read(const Json& j, T& out, const std::string& where) {
  if (!j.is_number_integer()) fail(where, ": expected a whole number, got ", json_kind(j), " ", j.dump());
  if (j.is_number_unsigned() && j.get<uint64_t>() > static_cast<uint64_t>(INT64_MAX))
    fail(where, ": ", j.dump(), " is too large");
  const int64_t v = j.get<int64_t>();
  out = static_cast<T>(v);
  if (static_cast<int64_t>(out) != v) fail(where, ": ", v, " does not fit");
}
template <class T>
requires std::is_floating_point_v<T>
void read(const Json& j, T& out, const std::string& where) {
  if (!j.is_number()) fail(where, ": expected a number, got ", json_kind(j));
  out = j.get<T>();
}
template <class T>
void read(const Json& j, std::vector<T>& out, const std::string& where) {
  if (!j.is_array()) fail(where, ": expected a list, got ", json_kind(j));
  out.resize(j.size());
  for (size_t i = 0; i < j.size(); ++i) read(j[i], out[i], cat(where, "[", i, "]"));
}
template <Visitable T>
void read(const Json& j, T& out, const std::string& where) {
  from_json(out, j, where);
}

struct Reader {
  const Json& j;
  const std::string& where;
  template <class T>
  void operator()(const char* name, T& field, const char*) {
    if (auto it = j.find(name); it != j.end()) read(*it, field, where + ": field '" + name + "'");
  }
  /// With bounds: lo <= field <= hi, both ends allowed.
  template <class T, class L, class H>
  void operator()(const char* name, T& field, const char* doc, L lo, H hi) {
    (*this)(name, field, doc);
    if (!(field >= static_cast<T>(lo) && field <= static_cast<T>(hi)))
      fail(where, ": field '", name, "' = ", field, ", expected ", lo, " to ", hi);
  }
  /// One of a list of words.
  void operator()(const char* name, std::string& field, const char* doc, const std::vector<std::string>& words) {
    (*this)(name, field, doc);
    std::string list;
    for (const auto& w : words) {
      if (w == field) return;
      list += (list.empty() ? "" : " | ") + w;
    }
    fail(where, ": field '", name, "' = '", field, "', expected ", list);
  }
};

template <class T>
Json to_json(T& config);

struct Writer {
  Json& j;
  template <class T, class... R>
  void operator()(const char* name, T& field, const char*, R...) {
    if constexpr (Visitable<T>) {
      j[name] = fields::to_json(field);
    } else {
      j[name] = field;
    }
  }
};

/// Reads a closed set of fields from a JSON object: absent ones keep their default, unknown ones are an error.
/// Throws Error naming `where` (a file or flag) and the field.
template <class T>
void from_json(T& config, const Json& j, const std::string& where) {
  if (!j.is_object()) fail(where, ": expected a JSON object, got ", json_kind(j));
  Names known;
  config.visit(known);
  for (const auto& [key, value] : j.items())
    if (std::find(known.names.begin(), known.names.end(), key) == known.names.end())
      unknown_field(where, key, known.names);
  Reader reader{j, where};
  config.visit(reader);
}

template <class T>
Json to_json(T& config) {
  Json j = Json::object();
  Writer writer{j};
  config.visit(writer);
  return j;
}
template <class T>
Json to_json(const T& config) {
  T copy = config;
  return to_json(copy);
}

}  // namespace fields
}  // namespace r1
