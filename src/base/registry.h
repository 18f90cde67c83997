// Self-registration: a file adds itself to a list at start-up, so that adding a task, reward, model or command
// edits no list. Works because everything is linked as one object library. Paper: none.
#pragma once
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"

namespace r1 {

/// Named factories or descriptors of one kind. `kind` is the word used in error messages ("task", "command").
template <class T>
class Registry {
 public:
  /// The one list of T's.
  static Registry& get() {
    static Registry r;
    return r;
  }
  /// Adds an entry; returns true so that it can initialise a static. A name may be used once.
  bool add(const std::string& name, T entry) {
    R1_CHECK(entries_.emplace(name, std::move(entry)).second, "registered twice: ", name);
    return true;
  }
  /// The entry of that name; throws an Error that lists what exists.
  const T& find(const std::string& kind, const std::string& name) const {
    auto it = entries_.find(name);
    if (it != entries_.end()) return it->second;
    std::string known;
    for (const auto& [n, e] : entries_) known += (known.empty() ? "" : ", ") + n;
    fail("unknown ", kind, " '", name, "', expected one of: ", known);
  }
  /// The entry of that name, or null.
  const T* find_if(const std::string& name) const {
    const auto it = entries_.find(name);
    return it == entries_.end() ? nullptr : &it->second;
  }
  /// All entries, by name.
  const std::map<std::string, T>& entries() const { return entries_; }

 private:
  std::map<std::string, T> entries_;
};

}  // namespace r1

#define R1_CONCAT_(a, b) a##b
#define R1_CONCAT(a, b) R1_CONCAT_(a, b)
/// At namespace scope of a .cpp: R1_REGISTER(Command, "bench", make_bench);
#define R1_REGISTER(T, name, ...)                                             \
  [[maybe_unused]] static const bool R1_CONCAT(r1_registered_, __COUNTER__) = \
      ::r1::Registry<T>::get().add(name, __VA_ARGS__)
