// Paper: [R1 §2.2].
#include "rewards/code/code_reward.h"

#include <atomic>

namespace r1 {
namespace {

std::atomic<Executor*> g_executor{nullptr};

CodeResult known(Verdict verdict, Outcome outcome, const std::string& detail) {
  CodeResult r;
  r.verdict = verdict, r.outcome = outcome, r.detail = detail;
  return r;
}

Verdict check_code(const Problem& problem, const std::string& answer) {
  return submit_code(installed_executor(), problem, answer).get().verdict;
}

PendingCheck begin_code(const Problem& problem, const std::string& answer) {
  return [pending = submit_code(installed_executor(), problem, answer)] { return pending.get().verdict; };
}

R1_REGISTER(Checker, "code", check_code);
R1_REGISTER(BeginCheck, "code", begin_code);

}  // namespace

InstalledExecutor::InstalledExecutor(Executor& executor) {
  Executor* none = nullptr;
  if (!g_executor.compare_exchange_strong(none, &executor)) fail("executor: one is installed already");
}

InstalledExecutor::~InstalledExecutor() { g_executor = nullptr; }

Executor* installed_executor() { return g_executor; }

PendingVerdict submit_code(Executor* executor, const Problem& problem, const std::string& answer) {
  PendingVerdict p;
  try {
    const CodeReference reference = read_reference(problem.data, "tests of a code problem");
    std::string form;
    CodeJob job = job_of(reference, answer, form);
    const CodeLanguage& language = Registry<CodeLanguage>::get().find("code language", job.language);
    if (!form.empty()) {
      p.known_ = known(Verdict::kWrong, Outcome::kCompileError, form);
    } else if (!executor && language.run) {
      p.known_ = run_in_process(language, job);
    } else if (!executor) {
      p.known_ = known(Verdict::kUnknown, Outcome::kSandbox, "no executor is installed");
    } else {
      p.pending_ = executor->submit(std::move(job));
    }
  } catch (const std::exception& e) {
    p.known_ = known(Verdict::kUnknown, Outcome::kSandbox, e.what());
  }
  return p;
}

}  // namespace r1
