// Paper: none. Version 2 has one tree; version 1 one tree a controller, each with a place of ours.
#include "rewards/code/runner/cgroup.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

namespace r1::runner {
namespace {

struct Mount {
  std::string point, type, options;
};

std::vector<Mount> cgroup_mounts() {
  std::vector<Mount> out;
  std::ifstream in("/proc/mounts");
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    std::string device, rest;
    Mount m;
    words >> device >> m.point >> m.type >> m.options;
    if (m.type == "cgroup" || m.type == "cgroup2") out.push_back(m);
  }
  return out;
}

bool has_word(const std::string& list, const std::string& word, char separator) {
  std::istringstream in(list);
  for (std::string w; std::getline(in, w, separator);)
    if (w == word) return true;
  return false;
}

/// Our place in the tree of a controller ("" for version 2), "" if unknown.
std::string own_path(const std::string& controller) {
  std::ifstream in("/proc/self/cgroup");
  for (std::string line; std::getline(in, line);) {
    const size_t a = line.find(':'), b = line.find(':', a + 1);
    if (a == std::string::npos || b == std::string::npos) continue;
    const std::string list = line.substr(a + 1, b - a - 1);
    if (controller.empty() ? list.empty() : has_word(list, controller, ',')) return line.substr(b + 1);
  }
  return "";
}

std::string tree_of(const std::string& controller) {
  for (const Mount& m : cgroup_mounts())
    if (m.type == "cgroup" && has_word(m.options, controller, ',')) return m.point + own_path(controller);
  return "";
}

std::string tree_v2() {
  for (const Mount& m : cgroup_mounts())
    if (m.type == "cgroup2") return m.point + own_path("");
  return "";
}

bool put(int fd, const std::string& text) {
  return fd >= 0 && ::pwrite(fd, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size());
}

std::string read_line(const std::string& path) {
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);
  return line;
}

}  // namespace

int Cgroup::keep(const std::string& directory, const std::string& file, int flags) {
  return ::open((directory + "/" + file).c_str(), flags | O_CLOEXEC);
}

std::string Cgroup::add(const std::string& parent, const std::string& name, const std::string& controllers) {
  const std::string path = parent + "/" + name;
  // The name is this worker's own: what is there is left of a runner that was killed before it could say so.
  bool made = ::mkdir(path.c_str(), 0755) == 0;
  for (int i = 0; !made && errno == EEXIST && i < 1000; ++i) {
    if (::rmdir(path.c_str()) != 0 && errno == EBUSY) ::usleep(1000);  // its last processes are still ending
    made = ::mkdir(path.c_str(), 0755) == 0;
  }
  if (!made) return "cgroup " + controllers + ": " + path + ": " + std::strerror(errno);
  directories_.push_back(path);
  names_.push_back(name);
  parents_.push_back(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  parent_procs_.push_back(keep(parent, "cgroup.procs", O_WRONLY));
  procs_.push_back(keep(path, "cgroup.procs", O_WRONLY));
  if (procs_.back() < 0) return "cgroup " + controllers + ": cannot move processes into " + path;
  return "";
}

std::string Cgroup::make(const std::string& name) {
  const std::string v2 = tree_v2();
  const std::string on = v2.empty() ? "" : read_line(v2 + "/cgroup.subtree_control");
  if (has_word(on, "memory", ' ') && has_word(on, "pids", ' ')) {
    if (std::string e = add(v2, name, "v2"); !e.empty()) return e;
    memory_max_ = keep(directories_[0], "memory.max", O_WRONLY);
    pids_max_ = keep(directories_[0], "pids.max", O_WRONLY);
    events_ = keep(directories_[0], "memory.events", O_RDONLY);
    if (const int fd = keep(directories_[0], "cpu.max", O_WRONLY); fd >= 0) put(fd, "100000 100000"), ::close(fd);
  } else {
    const std::string memory = tree_of("memory"), pids = tree_of("pids");
    if (memory.empty() || pids.empty()) return "no memory and pids controllers are delegated to this process";
    if (std::string e = add(memory, name, "memory"); !e.empty()) return e;
    if (std::string e = add(pids, name, "pids"); !e.empty()) return e;
    memory_max_ = keep(directories_[0], "memory.limit_in_bytes", O_WRONLY);
    events_ = keep(directories_[0], "memory.oom_control", O_RDONLY);
    pids_max_ = keep(directories_[1], "pids.max", O_WRONLY);
    // One processor's worth; a machine without this controller still has the two that matter.
    if (const std::string cpu = tree_of("cpu"); !cpu.empty() && add(cpu, name, "cpu").empty())
      if (const int fd = keep(directories_.back(), "cpu.cfs_quota_us", O_WRONLY); fd >= 0)
        put(fd, "100000"), ::close(fd);
  }
  if (memory_max_ < 0 || pids_max_ < 0 || events_ < 0)
    return "cgroup: limits of " + directories_[0] + " are not writable";
  return limit(uint64_t{1} << 30, 64);
}

std::string Cgroup::limit(uint64_t memory, uint64_t processes) const {
  if (!put(memory_max_, std::to_string(memory))) return std::string("cgroup memory limit: ") + std::strerror(errno);
  if (!put(pids_max_, std::to_string(processes))) return std::string("cgroup process limit: ") + std::strerror(errno);
  return "";
}

std::string Cgroup::join() const {
  for (const int fd : procs_)
    if (::write(fd, "0", 1) != 1) return std::string("joining a cgroup: ") + std::strerror(errno);
  return "";
}

uint64_t Cgroup::oom_kills() const {
  char text[512] = {};
  if (events_ < 0 || ::pread(events_, text, sizeof text - 1, 0) <= 0) return 0;
  const char* at = std::strstr(text, "oom_kill ");
  return at ? std::strtoull(at + 9, nullptr, 10) : 0;
}

void Cgroup::remove() {
  for (size_t i = 0; i < names_.size(); ++i) {
    (void)!::write(parent_procs_[i], "0", 1);
    ::unlinkat(parents_[i], names_[i].c_str(), AT_REMOVEDIR);
  }
}

}  // namespace r1::runner
