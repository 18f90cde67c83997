// Catch2 v2 or v3, whichever the machine has.
#pragma once
#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
using Catch::Matchers::ContainsSubstring;
#else
#include <catch2/catch.hpp>
namespace r1_test {
inline auto contains(const std::string& s) { return Catch::Matchers::Contains(s); }
}  // namespace r1_test
#define ContainsSubstring ::r1_test::contains
#endif
