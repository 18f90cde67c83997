// What we and the runner say to each other over a socket pair: frames of {magic, kind, length} and a payload of 64-bit
// numbers and counted strings. The standard library only, because the runner links nothing of ours. Trap: the runner
// handles bytes of hostile programs, so each length is checked before anything is allocated, and a payload that is
// too short, too long or of another kind ends the conversation. Expected outputs have no field here. Paper: none.
#pragma once
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace r1::wire {

inline constexpr uint32_t kMagic = 0x72316378;  // "r1cx"
inline constexpr uint32_t kVersion = 1;
inline constexpr uint64_t kMaxFrame = uint64_t{96} << 20;

enum class Kind : uint32_t { kHello = 1, kHelloReply, kRun, kRunReply };

struct Header {
  uint32_t magic = kMagic;
  uint32_t kind = 0;
  uint64_t length = 0;
};
static_assert(sizeof(Header) == 16);

/// Writes and reads fields in one order, so that both ends are one function (`fields` of each message below).
class Writer {
 public:
  void field(uint64_t& v) { raw(&v, sizeof v); }
  void field(std::string& s) {
    uint64_t n = s.size();
    field(n);
    bytes_.append(s);
  }
  void field(std::vector<std::string>& list) {
    uint64_t n = list.size();
    field(n);
    for (std::string& s : list) field(s);
  }
  const std::string& bytes() const { return bytes_; }

 private:
  void raw(const void* p, size_t n) { bytes_.append(static_cast<const char*>(p), n); }
  std::string bytes_;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}
  void field(uint64_t& v) {
    if (!need(sizeof v)) return;
    std::memcpy(&v, rest_.data(), sizeof v);
    rest_.remove_prefix(sizeof v);
  }
  void field(std::string& s) {
    uint64_t n = 0;
    field(n);
    if (!need(n)) return;
    s.assign(rest_.data(), n);
    rest_.remove_prefix(n);
  }
  void field(std::vector<std::string>& list) {
    uint64_t n = 0;
    field(n);
    if (n > rest_.size() / sizeof(uint64_t)) ok_ = false;  // each string has at least its length
    if (!ok_) return;
    list.resize(n);
    for (std::string& s : list) field(s);
  }
  /// Every field was there and nothing is left over.
  bool complete() const { return ok_ && rest_.empty(); }

 private:
  bool need(uint64_t n) { return ok_ = ok_ && n <= rest_.size(); }
  std::string_view rest_;
  bool ok_ = true;
};

/// What the worker may use and where; level as in paper_notes/rewards.md.
struct Hello {
  uint64_t version = kVersion, level = 0;
  uint64_t uid = 0;                  ///< the candidate's user, 0: ours (an ordinary user cannot change it)
  std::string box_parent;            ///< an existing directory of our own; boxes of levels 0 and 1 are made in it
  std::string cgroup;                ///< name for cgroups, used at level 3
  std::vector<std::string> visible;  ///< read-only files and directories that exist inside at level 2
  template <class V>
  void fields(V& v) {
    v.field(version), v.field(level), v.field(uid), v.field(box_parent), v.field(cgroup), v.field(visible);
  }
};

struct HelloReply {
  uint64_t version = kVersion;
  std::string error;                 ///< what the machine lacks for this level, "" if nothing
  std::string landlock;              ///< "ABI 7"
  std::vector<std::string> cgroups;  ///< directories made, for whoever cleans up after a killed runner
  template <class V>
  void fields(V& v) {
    v.field(version), v.field(error), v.field(landlock), v.field(cgroups);
  }
};

struct Limits {
  uint64_t wall_ms = 10000, cpu_ms = 5000;
  uint64_t memory = uint64_t{256} << 20;  ///< bytes of address space
  uint64_t output = uint64_t{1} << 20;    ///< bytes of stdout kept; one more ends the program
  uint64_t file = uint64_t{16} << 20;     ///< largest single file
  uint64_t disk = uint64_t{64} << 20;     ///< bytes in the private directory
  uint64_t inodes = 1024;                 ///< names in the private directory
  uint64_t processes = 16;                ///< processes and threads
  uint64_t open_files = 64;
  uint64_t stack = uint64_t{64} << 20;
  template <class V>
  void fields(V& v) {
    v.field(wall_ms), v.field(cpu_ms), v.field(memory), v.field(output), v.field(file), v.field(disk);
    v.field(inodes), v.field(processes), v.field(open_files), v.field(stack);
  }
};

enum class Exec : uint64_t { kFile, kCompiled };  ///< run `program`, or what the last compilation made

struct Run {
  uint64_t exec = 0;     ///< Exec
  uint64_t compile = 0;  ///< 1: may start processes; `collect` is taken out of the box afterwards
  std::string program;   ///< path of the interpreter or compiler
  std::vector<std::string> argv, env;
  std::vector<std::string> readable;  ///< Landlock: read-only paths of this run
  std::string source_name, source;    ///< written into the box first
  std::string collect;                ///< name in the box of the compiler's output
  std::string input;                  ///< stdin
  Limits limits;
  template <class V>
  void fields(V& v) {
    v.field(exec), v.field(compile), v.field(program), v.field(argv), v.field(env), v.field(readable);
    v.field(source_name), v.field(source), v.field(collect), v.field(input);
    limits.fields(v);
  }
};

enum class End : uint64_t { kSandbox, kExit, kSignal };       ///< kSandbox: the program was never started, or lost
enum class Stop : uint64_t { kNone, kWall, kOutput, kDisk };  ///< why we ended it, if we did

/// What was observed from outside; nothing here was said by the program but `out` and `err`.
struct RunReply {
  uint64_t end = 0, code = 0;  ///< End; exit status or signal
  uint64_t stop = 0;           ///< Stop
  uint64_t oom = 0;            ///< 1: the cgroup's memory limit killed it
  uint64_t cpu_us = 0, wall_us = 0, max_rss = 0;
  uint64_t swept = 0;  ///< processes that were still there when the program had ended
  std::string error;   ///< kSandbox: what failed
  std::string out, err;
  template <class V>
  void fields(V& v) {
    v.field(end), v.field(code), v.field(stop), v.field(oom), v.field(cpu_us), v.field(wall_us), v.field(max_rss);
    v.field(swept), v.field(error), v.field(out), v.field(err);
  }
};

template <class M>
std::string encode(Kind kind, M message) {
  Writer w;
  message.fields(w);
  Header h;
  h.kind = static_cast<uint32_t>(kind), h.length = w.bytes().size();
  std::string frame(reinterpret_cast<const char*>(&h), sizeof h);
  return frame + w.bytes();
}

template <class M>
bool decode(std::string_view payload, M& message) {
  Reader r(payload);
  message.fields(r);
  return r.complete();
}

inline bool plausible(const Header& h, Kind expected) {
  return h.magic == kMagic && h.kind == static_cast<uint32_t>(expected) && h.length <= kMaxFrame;
}

}  // namespace r1::wire
