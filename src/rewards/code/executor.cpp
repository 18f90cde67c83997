// Paper: [R1 §2.2]. Start, queue and threads; what happens to one job is in executor_job.cpp.
#include "rewards/code/executor.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "base/text.h"
#include "rewards/code/escape_suite.h"

namespace r1 {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

namespace {

double seconds(Clock::duration d) { return std::chrono::duration<double>(d).count(); }

/// Root's candidates are users of their own, one a worker, so that their process limits are apart: numbers where no
/// distribution has accounts and that a container with 65536 users has. Executors side by side seldom share one.
uint64_t user_of(int worker) {
  static std::atomic<uint64_t> counter{0};
  static thread_local uint64_t mine = 0;
  if (worker == 0) mine = (static_cast<uint64_t>(::getpid()) * 31 + counter.fetch_add(1)) % 400;
  return 61000 + mine * 10 + static_cast<uint64_t>(worker) % 10;
}

/// Whether user `id` exists in our user namespace; a rootless container may have no user but its "root".
bool user_exists(uint64_t id) {
  std::ifstream in("/proc/self/uid_map");
  for (uint64_t inside, outside, count; in >> inside >> outside >> count;)
    if (id >= inside && id - inside < count) return true;
  return false;
}

std::vector<std::string> entries_of(const char* directory) {
  std::vector<std::string> out;
  DIR* d = ::opendir(directory);
  while (const dirent* e = d ? ::readdir(d) : nullptr)
    if (e->d_name[0] != '.') out.emplace_back(e->d_name);
  if (d) ::closedir(d);
  return out;
}

void check_first() {
  const size_t threads = entries_of("/proc/self/task").size();
  if (threads > 1) fail("executor: this process has ", threads, " threads already, expected to start before them");
  for (const std::string& fd : entries_of("/proc/self/fd")) {
    char target[256] = {};
    const std::string path = "/proc/self/fd/" + fd;
    if (::readlink(path.c_str(), target, sizeof target - 1) > 0 && std::strstr(target, "/dev/nvidia"))
      fail("executor: ", target, " is open already, expected to start before a GPU is opened");
  }
}

std::string make_directory() {
  std::string path = (fs::temp_directory_path() / "r1-sandbox-XXXXXX").string();
  if (!::mkdtemp(path.data())) fail(path, ": cannot create: ", std::strerror(errno));
  ::chmod(path.c_str(), 0711);  // candidates pass through, and cannot list
  return path;
}

/// Without what lies below another entry; files and links stay.
std::vector<std::string> roots_of(const std::set<std::string>& paths) {
  std::vector<std::string> out;
  for (const std::string& p : paths) {
    const bool below = std::any_of(paths.begin(), paths.end(), [&](const std::string& q) {
      return q != p && p.rfind(q + "/", 0) == 0 && !fs::is_symlink(q);
    });
    if (!below) out.push_back(p);
  }
  return out;
}

}  // namespace

struct Executor::Ticket {
  CodeJob job;
  CodeResult result;
  bool done = false;
  Clock::time_point since = Clock::now();
};

Executor::Executor(const ExecutorConfig& config) : config_(config) {
  if (config_.min_level > config_.max_level)
    fail("sandbox: min_level ", config_.min_level, " is above max_level ", config_.max_level);
  if (config_.first) check_first();
  runner_ = find_runner();
  find_languages();
  directory_ = make_directory();
  try {
    find_level();
    for (size_t i = 0; i < workers_.size(); ++i) threads_.emplace_back([this, i] { serve(i); });
    if (config_.self_test) check_languages();
    if (config_.self_test && level_ >= 1) require_no_escape(*this);
  } catch (...) {
    shut_down();
    throw;
  }
}

Executor::~Executor() { shut_down(); }

void Executor::shut_down() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  todo_.notify_all();
  for (std::thread& t : threads_) t.join();
  threads_.clear();
  workers_.clear();
  std::error_code ignored;
  if (!directory_.empty()) fs::remove_all(directory_, ignored);
}

void Executor::find_languages() {
  std::set<std::string> required;
  std::istringstream in(config_.languages);
  for (std::string name; std::getline(in, name, ',');) required.insert(name);
  for (const std::string& name : required) Registry<CodeLanguage>::get().find("code language", name);
  for (const auto& [name, language] : Registry<CodeLanguage>::get().entries()) {
    if (!language.find) continue;
    if (!required.empty() && !required.count(name)) continue;
    try {
      toolchains_[name] = language.find();
    } catch (const Error& e) {
      if (required.count(name)) throw;
      missing_languages_[name] = e.what();
    }
  }
}

wire::Hello Executor::hello(int level, int worker) const {
  wire::Hello h;
  h.level = static_cast<uint64_t>(level);
  const uint64_t user = user_of(worker);
  h.uid = ::geteuid() == 0 && user_exists(user) ? user : 0;  // else we are an ordinary user outside, and stay it
  h.box_parent = cat(directory_, "/", worker);
  h.cgroup = cat("r1-", ::getpid(), "-", fs::path(directory_).filename().string().substr(11), "-", worker);
  std::set<std::string> paths;
  for (const auto& [name, t] : toolchains_) {
    paths.insert(t.readable.begin(), t.readable.end());
    paths.insert(t.compile_readable.begin(), t.compile_readable.end());
  }
  h.visible = roots_of(paths);
  return h;
}

void Executor::find_level() {
  for (int i = 0; i < config_.workers; ++i) {
    fs::create_directory(cat(directory_, "/", i));
    ::chmod(cat(directory_, "/", i).c_str(), 0711);
  }
  for (level_ = static_cast<int>(config_.max_level); level_ >= config_.min_level; --level_) {
    workers_.clear();
    workers_.push_back(std::make_unique<SandboxWorker>(runner_, hello(level_, 0)));
    std::string& lacks = missing_[static_cast<size_t>(level_)];
    lacks = workers_[0]->start();
    if (lacks.empty()) break;
  }
  if (level_ < config_.min_level) {
    std::string lacks;
    for (int64_t l = config_.min_level; l <= config_.max_level; ++l)
      lacks += cat(l > config_.min_level ? "; level " : "level ", l, ": ", missing_[static_cast<size_t>(l)]);
    fail("sandbox: this machine gives no level from ", config_.min_level, " up (--sandbox-min-level): ", lacks);
  }
  landlock_ = workers_[0]->greeting().landlock;
  for (int i = 1; i < config_.workers; ++i) {
    workers_.push_back(std::make_unique<SandboxWorker>(runner_, hello(level_, i)));
    if (const std::string e = workers_.back()->start(); !e.empty()) fail("sandbox: worker ", i, ": ", e);
  }
}

void Executor::check_languages() {
  for (const auto& [name, tool] : toolchains_) {
    CodeJob job;
    job.language = name, job.program = tool.sample, job.tests = {{"", "ok"}};
    const CodeResult r = run(job);
    if (r.verdict != Verdict::kRight)
      fail("sandbox: at level ", level_, " the first ", name, " program gave: ", r.detail, " ",
           r.runs.empty() ? "" : in_quotes(r.runs.back().err, 200), ", expected 'ok'");
  }
}

bool Executor::Pending::ready() const {
  std::lock_guard lock(executor_->mutex_);
  return ticket_->done;
}

const CodeResult& Executor::Pending::get() const {
  const auto begin = Clock::now();
  std::unique_lock lock(executor_->mutex_);
  executor_->done_.wait(lock, [&] { return ticket_->done; });
  executor_->stats_.blocked_s += seconds(Clock::now() - begin);
  return ticket_->result;
}

Executor::Pending Executor::submit(CodeJob job) {
  const CodeLanguage& language = Registry<CodeLanguage>::get().find("code language", job.language);
  if (!language.run && !toolchains_.count(job.language)) {
    const auto it = missing_languages_.find(job.language);
    fail("code language '", job.language,
         "' cannot be used here: ", it != missing_languages_.end() ? it->second : "not among the executor's languages");
  }
  auto ticket = std::make_shared<Ticket>();
  ticket->job = std::move(job);
  std::unique_lock lock(mutex_);
  const auto begin = Clock::now();
  room_.wait(lock, [&] { return static_cast<int64_t>(queue_.size()) < config_.queue; });
  stats_.blocked_s += seconds(Clock::now() - begin);
  ticket->since = Clock::now();
  queue_.push_back(ticket);
  stats_.queue_peak = std::max(stats_.queue_peak, static_cast<int64_t>(queue_.size()));
  lock.unlock();
  todo_.notify_one();
  return {this, std::move(ticket)};
}

void Executor::serve(size_t index) {
  for (;;) {
    std::shared_ptr<Ticket> ticket;
    {
      std::unique_lock lock(mutex_);
      todo_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
      if (stopping_) return;  // nobody can ask for what is still queued
      ticket = queue_.front();
      queue_.pop_front();
    }
    room_.notify_one();
    const auto begin = Clock::now();
    CodeResult result;
    try {
      result = work(*workers_[index], ticket->job);
    } catch (const std::exception& e) {  // out of memory, a full temporary directory: our failure, masked
      result.detail = e.what();
    }
    const double busy = seconds(Clock::now() - begin);
    {
      std::lock_guard lock(mutex_);
      count(result, seconds(begin - ticket->since), busy);
      ticket->result = std::move(result);
      ticket->done = true;
    }
    done_.notify_all();
  }
}

void Executor::count(const CodeResult& r, double queued, double busy) {
  ++stats_.jobs;
  stats_.tests += static_cast<int64_t>(r.runs.size());
  stats_.queued_s += queued, stats_.busy_s += busy;
  ++stats_.outcomes[static_cast<size_t>(r.outcome)];
  for (const CodeRun& run : r.runs) stats_.swept += run.swept;
}

ExecutorStats Executor::stats() const {
  std::lock_guard lock(mutex_);
  return stats_;
}

std::vector<pid_t> Executor::runners() const {
  std::vector<pid_t> out;
  for (const auto& w : workers_) out.push_back(w->pid());
  return out;
}

}  // namespace r1
