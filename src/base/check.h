// Errors: R1_CHECK throws r1::Error with one line that names the thing, the value and what was expected.
// `main` prints that line and returns 1 (2 for a usage error). Paper: none.
#pragma once
#include <sstream>
#include <stdexcept>
#include <string>

namespace r1 {

/// What every failed check and every rejected input throws. `what()` is one line for the user.
struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Thrown for wrong command-line use: exit code 2 instead of 1.
struct UsageError : Error {
  using Error::Error;
};

/// Joins its arguments as a stream would: `cat("dim = ", 3)`.
template <class... A>
std::string cat(const A&... a) {
  std::ostringstream s;
  (s << ... << a);
  return s.str();
}

/// Throws Error with the joined message; for bad input, where file and line of our source help nobody.
template <class... A>
[[noreturn]] void fail(const A&... a) {
  throw Error(cat(a...));
}

}  // namespace r1

/// Throws r1::Error with message, condition, file and line unless `cond` holds.
#define R1_CHECK(cond, ...)                                                                         \
  do {                                                                                              \
    if (!(cond)) [[unlikely]]                                                                       \
      ::r1::fail(::r1::cat(__VA_ARGS__), " [", #cond, " is false, ", __FILE__, ":", __LINE__, "]"); \
  } while (0)
