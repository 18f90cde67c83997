// Python and C++ of this machine. The interpreter is the real binary: a shim that looks for one costs 100 ms a start.
// R1_PYTHON and R1_CXX name others. Paper: none.
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <set>
#include <sstream>

#include "rewards/code/language.h"

extern char** environ;

namespace r1 {

namespace fs = std::filesystem;

std::string output_of(const std::vector<std::string>& argv) {
  int p[2];
  if (::pipe2(p, O_CLOEXEC) != 0) fail(argv[0], ": pipe: ", std::strerror(errno));
  std::vector<char*> args;
  for (const std::string& a : argv) args.push_back(const_cast<char*>(a.c_str()));
  args.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, p[1], 1);
  ::posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  pid_t pid = -1;
  const int error = ::posix_spawn(&pid, argv[0].c_str(), &actions, nullptr, args.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(p[1]);
  std::string out;
  char buffer[4096];
  for (ssize_t n; (n = ::read(p[0], buffer, sizeof buffer)) > 0;) out.append(buffer, static_cast<size_t>(n));
  ::close(p[0]);
  int status = 0;
  if (error != 0) fail(argv[0], ": cannot start: ", std::strerror(error));
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (status != 0) fail(argv[0], ": failed with status ", status, ", expected exit status 0");
  return out;
}

namespace {

/// The first of the named places that exists, else a search of PATH; "" if there is none.
std::string locate(const char* variable, const std::vector<std::string>& names) {
  if (const char* set = std::getenv(variable)) return set;
  std::string path = "/usr/bin:/usr/local/bin";
  if (const char* p = std::getenv("PATH")) path.append(":").append(p);
  std::istringstream in(path);
  for (std::string dir; std::getline(in, dir, ':');)
    for (const std::string& name : names)
      if (!dir.empty() && ::access((dir + "/" + name).c_str(), X_OK) == 0) return dir + "/" + name;
  return "";
}

std::string real_path(const std::string& path) {
  std::error_code e;
  const fs::path p = fs::canonical(path, e);
  return e ? path : p.string();
}

/// What the dynamic loader needs before it can read anything else; links are kept as links at level 2.
std::vector<std::string> loader() { return {"/lib", "/lib64", real_path("/lib64"), "/etc/ld.so.cache"}; }

/// Prints the real interpreter, its library directories, and the directory of each library that its modules load.
constexpr const char* kAskPython = R"(
import sys, os
print(os.path.realpath(sys.executable))
lib = os.path.dirname(os.__file__)
found = {lib}
for d in sys.path:
    if os.path.isdir(d):
        found.add(d)
        for f in os.listdir(d) if d.endswith('lib-dynload') else []:
            try: __import__(f.split('.')[0])
            except BaseException: pass
for line in open('/proc/self/maps'):
    f = line.split(None, 5)[-1].strip()
    if f.startswith('/') and '.so' in f: found.add(os.path.dirname(os.path.realpath(f)))
print('\n'.join(sorted(found)))
)";

Toolchain find_python() {
  const std::string shim = locate("R1_PYTHON", {"python3"});
  if (shim.empty()) fail("python: no python3 on this machine (PATH or R1_PYTHON)");
  std::istringstream answer(output_of({shim, "-I", "-S", "-c", kAskPython}));
  Toolchain t;
  std::getline(answer, t.program);
  if (t.program.empty() || t.program[0] != '/') fail("python: ", shim, " does not say where it is");
  t.source_name = "program.py";
  t.sample = "import math, collections\nprint('ok')\n";
  t.argv = {t.program, "-I", "-S", "-B", t.source_name};
  t.readable = loader();
  t.readable.push_back(t.program);
  for (std::string line; std::getline(answer, line);)
    if (!line.empty()) t.readable.push_back(line);
  return t;
}

std::string cxx_file(const std::string& compiler, const std::string& name) {
  std::string path = output_of({compiler, "-print-file-name=" + name});
  while (!path.empty() && path.back() == '\n') path.pop_back();
  return path.rfind('/', 0) == 0 ? path : "";
}

Toolchain find_cpp() {
  const std::string found = locate("R1_CXX", {"g++", "clang++"});
  if (found.empty()) fail("cpp: no g++ or clang++ on this machine (PATH or R1_CXX)");
  Toolchain t;
  t.compiler = real_path(found);
  t.source_name = "program.cpp", t.compiled_name = "program";
  t.sample = "#include <iostream>\nint main() { std::cout << \"ok\\n\"; }\n";
  t.compile_argv = {t.compiler, "-std=c++20", "-O1", "-w", "-o", t.compiled_name, t.source_name};
  // A static program starts in half the time and needs no file at all.
  const bool is_static = !cxx_file(found, "libc.a").empty() && !cxx_file(found, "libstdc++.a").empty();
  if (is_static) t.compile_argv.insert(t.compile_argv.begin() + 3, "-static");
  const std::string prefix = fs::path(t.compiler).parent_path().parent_path().string();
  t.compile_readable = {"/usr", "/bin", "/lib", "/lib64", "/etc/ld.so.cache", prefix};
  t.argv = {t.compiled_name};
  if (!is_static) t.readable = {"/usr/lib", "/usr/lib64", "/lib", "/lib64", "/etc/ld.so.cache"};
  return t;
}

R1_REGISTER(CodeLanguage, "python", {{"python", "py", "python3"}, find_python, nullptr});
R1_REGISTER(CodeLanguage, "cpp", {{"cpp", "c++", "cxx", "cc"}, find_cpp, nullptr});

}  // namespace
}  // namespace r1
