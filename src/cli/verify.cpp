// `r1 verify`: is an answer equal to the reference? One pair, a file of pairs, or how long a verdict takes.
// Paper: [R1 §2.2].
#include <cstdio>
#include <memory>
#include <string>

#include "cli/command.h"
#include "cli/verify_file.h"
#include "rewards/math/verify.h"

namespace r1 {
namespace {

struct VerifyJob {
  std::string gold, answer, file, values;
  bool have_gold = false, have_answer = false, bench = false;
  int threads = 0, rounds = 20;
};

int verify_one(const VerifyJob& job) {
  const math::Judgement j = math::judge(job.gold, job.answer, true);
  std::printf("verdict    %s%s%s\n", name_of(j.relation), j.why.empty() ? "" : ": ", j.why.c_str());
  std::printf("taken from %s\n", name_of(j.source));
  std::printf("reference  %s\n", j.gold_form.empty() ? "-" : j.gold_form.c_str());
  std::printf("answer     %s\n", j.answer_form.empty() ? "-" : j.answer_form.c_str());
  std::fflush(stdout);
  if (j.bad_gold) math::check_gold("--gold", job.gold);  // throws the line that names it
  return 0;
}

int run_verify(const VerifyJob& job) {
  if (!job.values.empty()) return report_values(job.values);
  if (!job.file.empty()) return job.bench ? bench_pairs(job.file, job.threads, job.rounds) : report_pairs(job.file);
  if (job.bench) throw UsageError("verify: --bench needs --file");
  if (!job.have_gold || !job.have_answer)
    throw UsageError("verify: expected --gold and --answer, --file or --values; see r1 verify --help");
  return verify_one(job);
}

std::function<int()> setup(CLI::App& app) {
  auto job = std::make_shared<VerifyJob>();
  CLI::Option* gold = app.add_option("--gold", job->gold, "the reference, LaTeX or plain");
  CLI::Option* answer = app.add_option("--answer", job->answer, "an answer or a whole output");
  app.add_option("--file", job->file, "JSON lines with gold, answer and perhaps label (equal, different, unknown)");
  app.add_option("--values", job->values, "JSON lines with text, at (values of variables) and value");
  app.add_flag("--bench", job->bench, "time the pairs of --file instead");
  app.add_option("--rounds", job->rounds, "times that --bench goes through the file")->check(CLI::Range(1, 100000));
  app.add_option("--threads", job->threads, "threads of --bench, 0 = all cores")->check(CLI::Range(0, 1024));
  app.footer(
      "Examples:\n  r1 verify --gold '1/2' --answer '\\boxed{0.5}'\n"
      "  r1 verify --gold '(2,\\infty)' --answer 'x > 2'\n"
      "  r1 verify --file tests/rewards/math/pairs/pairs.jsonl\n"
      "  r1 verify --file tests/rewards/math/pairs/pairs.jsonl --bench\n"
      "A reference that cannot be read is an error of the data: exit code 1.");
  return [job, gold, answer] {
    job->have_gold = gold->count() > 0, job->have_answer = answer->count() > 0;
    return run_verify(*job);
  };
}

R1_REGISTER(Command, "verify", {"is a mathematical answer equal to the reference?", setup});

}  // namespace
}  // namespace r1
