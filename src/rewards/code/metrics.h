// Metrics of the executor, of the jobs since the last record: none of its failures is silent. Paper: none.
#pragma once
#include "base/log.h"
#include "rewards/code/executor.h"

namespace r1 {

R1_METRIC(kCodeJobs, "code/jobs", "Programs judged.");
R1_METRIC(kCodeTests, "code/tests", "Hidden tests run.");
R1_METRIC(kCodeBusy, "code/busy_s", "Seconds that workers spent on programs, summed over workers.");
R1_METRIC(kCodeQueued, "code/queued_s", "Seconds that programs waited for a worker, summed over programs.");
R1_METRIC(kCodeBlocked, "code/blocked_s", "Seconds that the trainer waited for verdicts or for room in the queue.");
R1_METRIC(kCodeOverlap, "code/overlap",
          "Share of the workers' time during which the trainer did other work: 1 - blocked / busy.");
R1_METRIC(kCodeRetries, "code/retries", "Runs that the sandbox lost and that were repeated.");
R1_METRIC(kCodeRestarts, "code/restarts", "Runner processes that had to be started anew.");
R1_METRIC(kCodeSwept, "code/swept", "Processes that programs left behind and that were ended.");
R1_METRIC(kCodeOutcome, "code/outcome_*",
          "Share of the programs with this outcome (passed, wronganswer, walltime, ...).");

/// Adds what happened between two states of the sums.
void put(Record& record, const ExecutorStats& before, const ExecutorStats& now);

}  // namespace r1
