// House rules of cuda/: where kernels run is known in gpu.hpp and its parts alone, files stay readable, src/ includes
// no CUDA header.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <string>

#include "support/catch.h"

namespace fs = std::filesystem;

namespace {

const fs::path kRoot = R1_SOURCE_DIR;

std::string text_of(const fs::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

bool is_source(const fs::path& file) {
  for (const char* extension : {".cu", ".cuh", ".cpp", ".hpp", ".h"})
    if (file.extension() == extension) return true;
  return false;
}

/// Code without comments and strings: good enough for words that no one writes by accident.
std::string code_of(const fs::path& file) {
  return std::regex_replace(text_of(file), std::regex("//[^\n]*|\"[^\"\n]*\""), "");
}

}  // namespace

TEST_CASE("kernels say nothing that only nvcc understands") {
  const std::regex forbidden("<<<|__shared__|__global__|\\basm\\b|__syncthreads|cuda_runtime");
  int files = 0;
  for (const char* folder : {"cuda/kernels", "cuda/common", "cuda/ladder", "cuda/harness"})
    for (const auto& e : fs::recursive_directory_iterator(kRoot / folder)) {
      if (!is_source(e.path())) continue;
      INFO(e.path());
      CHECK_FALSE(std::regex_search(code_of(e.path()), forbidden));
      ++files;
    }
  CHECK(files >= 30);
  CHECK(std::regex_search(code_of(kRoot / "cuda/gpu/nvcc_core.hpp"), forbidden));  // the words do occur where they may
}

TEST_CASE("the CPU is always exact, and fast kernels promise nothing about the batch") {
  const std::regex asks("\\bex\\.exact\\b");
  for (const auto& e : fs::recursive_directory_iterator(kRoot / "src"))
    if (e.path().extension() == ".cpp") {
      INFO(e.path());
      CHECK_FALSE(std::regex_search(code_of(e.path()), asks));
    }
  CHECK(std::regex_search(code_of(kRoot / "cuda/kernels/gemm.cu"), asks));
  // A case of fast mode is called so, names no size that rows may not depend on; exact products name m.
  const std::string cases = text_of(kRoot / "cuda/harness/cases/gemm_cases.cpp");
  const std::regex named("R1_GEMM\\(\"([a-z0-9/_]+_fast)\", \\w+, -1,");
  CHECK(std::distance(std::sregex_iterator(cases.begin(), cases.end(), named), {}) >= 8);
  for (const char* exact : {"gemm/f32/nt\", kCoreChecks, 0,", "gemm/bf16/nt\", kChecks, 0,"})
    CHECK(cases.find(exact) != std::string::npos);
}

TEST_CASE("src includes no CUDA header") {
  const std::regex header("#include [<\"](cuda|cublas|nccl|gpu)[a-zA-Z_/]*\\.(h|hpp)[>\"]");
  for (const auto& e : fs::recursive_directory_iterator(kRoot / "src"))
    if (is_source(e.path())) {
      INFO(e.path());
      CHECK_FALSE(std::regex_search(text_of(e.path()), header));
    }
}

TEST_CASE("files of cuda/ are short and open with what they are") {
  for (const char* folder : {"cuda", "tests/cuda"})
    for (const auto& e : fs::recursive_directory_iterator(kRoot / folder)) {
      if (!is_source(e.path())) continue;
      const std::string text = text_of(e.path());
      INFO(e.path());
      CHECK(std::count(text.begin(), text.end(), '\n') <= 500);
      CHECK(text.rfind("//", 0) == 0);
    }
}
