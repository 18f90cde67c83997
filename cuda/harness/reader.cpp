// A reader's own kernel in place of ours. The file defines twins of a contract in namespace r1::cuda, as cuda/kernels
// does. It is compiled with the case files that test these twins into one library with hidden names: there the cases
// call the reader's functions, and whatever the file does not define is found in the program. So no kernel is called
// through a pointer, and nothing of ours knows that it can be replaced. Paper: none.
// Trap: on a GPU the library has a CUDA runtime of its own (a kernel belongs to the runtime that registered it), hence
// host_cuda.cpp is compiled into it again; both share the device's context.
#include <dlfcn.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include "harness/emulated.h"
#include "harness/select.h"
#include "harness/spawn.h"
#include "kernels/device.h"

namespace r1::harness {

namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

/// A folder for objects and the library, until the program ends: messages about source lines still read it.
class Scratch {
 public:
  Scratch() : path_((fs::temp_directory_path() / "r1-kernel-XXXXXX").string()) {
    if (!mkdtemp(path_.data())) fail("cannot make a folder ", path_, ", expected TMPDIR to be one that can be written");
  }
  Scratch(const Scratch&) = delete;
  ~Scratch() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

/// What was there when this program was built, unless the environment says where it is now.
std::string place(const char* variable, const char* built_with) {
  const char* moved = std::getenv(variable);
  return moved && *moved ? moved : built_with;
}
std::string source_root() {
  const std::string root = place("R1_ROOT", R1_SOURCE_ROOT);
  if (!fs::exists(root + "/cuda/gpu.hpp"))
    fail("--file needs the sources of r1: no cuda/gpu.hpp in ", root, "; set R1_ROOT to the folder that has it");
  return root;
}

Words operator+(Words a, const Words& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

/// How a build compiles: the reader's file, host code beside it, the library.
struct Toolchain {
  Words kernel, host, link;
  std::vector<std::string> host_sources;  ///< more than the cases
};

#ifdef R1_GPU_EMULATED
Toolchain toolchain(const std::string& root) {
  const std::string cxx = place("R1_CXX", R1_READER_CXX);
  const Words common{cxx,           "-std=gnu++20",        "-DNDEBUG",          "-fPIC",     "-fvisibility=hidden",
                     "-Wno-psabi",  "-fno-math-errno",     "-ffp-contract=off", "-DR1_CUDA", "-DR1_GPU_EMULATED",
                     "-DR1_READER", "-I" + root + "/cuda", "-I" + root + "/src"};
  Toolchain t;
  // Instrumented for the race detector; AddressSanitizer excludes that.
  t.kernel = common + Words{"-O1", "-g1", "-Wall", "-DR1_READER_FILE"};
  if (!R1_READER_SANITIZED) t.kernel.push_back("-fsanitize=thread");
  t.kernel = t.kernel + Words{"-fstack-clash-protection", "-x", "c++", "-c"};
  t.host = common + Words{"-O1", "-c"};
  t.link = {cxx, "-shared"};
  return t;
}
#else
Toolchain toolchain(const std::string& root) {
  const std::string cxx = place("R1_CXX", R1_READER_CXX), nvcc = place("R1_NVCC", R1_READER_NVCC);
  const device::Info info = device::info();
  std::string chip = std::to_string(info.major * 10 + info.minor);
  if (info.major == 9 || info.major == 10) chip += "a";
  const Words folders{"-I" + root + "/cuda", "-I" + root + "/src"}, names{"-DR1_CUDA", "-DR1_READER"};
  Toolchain t;
  t.kernel = Words{nvcc, "-std=c++20", "-O3", "-fmad=false", "-lineinfo", "-DR1_READER_FILE"} + names + folders +
             Words{"-gencode",   "arch=compute_" + chip + ",code=sm_" + chip,
                   "-Xcompiler", "-Wall,-fPIC,-fvisibility=hidden",
                   "-x",         "cu",
                   "-c"};
  t.host = Words{cxx, "-std=gnu++20", "-O1", "-fPIC", "-fvisibility=hidden", "-fno-math-errno", "-ffp-contract=off"} +
           names + folders + Words{"-isystem", R1_READER_CUDA_HOME "/include", "-c"};
  t.link = {nvcc, "-shared", "-cudart", "static"};
  t.host_sources = {root + "/cuda/gpu/host_cuda.cpp"};
  return t;
}
#endif

#ifdef R1_ISA_X86
const Words kIsa{"-DR1_ISA_X86"};
#else
const Words kIsa{};
#endif

/// Runs a compiler; if it refuses, shows the first lines of what it says and throws.
void compile(const Words& command, const std::string& log, const std::string& what) {
  const int rc = run_program(command, log);
  if (rc == 0) return;
  std::ifstream f(log);
  int lines = 0;
  for (std::string line; lines < 20 && std::getline(f, line); ++lines) std::fprintf(stderr, "%s\n", line.c_str());
  fail(what, " does not compile: ", command.front(), " exited with ", rc, lines == 20 ? " (first 20 lines above)" : "",
       lines == 0 ? " and said nothing" : "");
}

std::string build_library(const std::string& file, const std::set<std::string>& case_files, const Scratch& scratch) {
  const std::string root = source_root();
  const Toolchain t = toolchain(root);
  Words objects{scratch / "reader.o"};
  compile(t.kernel + kIsa + Words{file, "-o", objects[0]}, scratch / "log", file);
  Words sources = t.host_sources;
  for (const std::string& c : case_files) sources.push_back(root + "/cuda/harness/cases/" + c);
  for (size_t i = 0; i < sources.size(); ++i) {
    objects.push_back(scratch / std::to_string(i) + ".o");
    compile(t.host + kIsa + Words{sources[i], "-o", objects.back()}, scratch / "log", sources[i]);
  }
  const std::string library = scratch / "reader.so";
  compile(t.link + objects + Words{"-o", library}, scratch / "log", file);
  return library;
}

struct Library {
  const std::map<std::string, KernelCase>* cases = nullptr;
  const unsigned long long* launches = nullptr;
};
Library open_library(const std::string& path, const std::string& file) {
  void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle) fail(file, " cannot be loaded: ", dlerror());
  using Cases = const void* (*)();
  const auto cases = reinterpret_cast<Cases>(dlsym(handle, "r1_reader_cases"));
  const auto* launches = static_cast<const unsigned long long*>(dlsym(handle, "r1_reader_launches"));
  R1_CHECK(cases && launches, file, ": its library lacks r1_reader_cases, expected sources of this program's version");
  return {&static_cast<const Registry<KernelCase>*>(cases())->entries(), launches};
}

/// Runs the case's first problem: did a launch come from the file? What goes wrong is for the checks to report.
bool calls_reader(const KernelCase& c, const unsigned long long& launches) {
  const unsigned long long before = launches;
  try {
    Trial t(c.check.front(), Fill::kReal, 0, false);
    c.make(t);
    t.upload();
    t.launch();
    device::synchronize();
  } catch (const std::exception&) {
  }
  return launches != before;
}

}  // namespace

void load_reader(const KernelBenchOptions& o, std::vector<Selected>& cases) {
  std::error_code error;
  const fs::path file = fs::canonical(o.file, error);
  if (error || !fs::is_regular_file(file)) fail("--file ", o.file, ": expected a CUDA source, found no such file");
  std::set<std::string> case_files;
  for (const Selected& s : cases) case_files.insert(fs::path(s.ours.file).filename().string());
  static const Scratch scratch;
  detect_races(false);  // also notes what our kernels are compiled for
  const Library library = open_library(build_library(file.string(), case_files, scratch), o.file);
  detect_races(false);
  bool any = false;
  for (Selected& s : cases) {
    const auto found = library.cases->find(s.name);
    R1_CHECK(found != library.cases->end(), o.file, ": case ", s.name, " is not in ", s.ours.file, " any more");
    const KernelCase ours = s.ours;
    s.run = found->second, s.run.check = ours.check, s.run.bench = ours.bench;
    s.of_reader = calls_reader(s.run, *library.launches);
    any |= s.of_reader;
  }
  if (!any)
    fail(o.file, ": no case of '", o.kernel,
         "' launches a kernel of this file, expected functions of namespace r1::cuda ",
         "as src/kernels declares them (cuda/kernels shows how)");
}

}  // namespace r1::harness
