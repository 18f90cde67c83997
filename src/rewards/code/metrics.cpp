// Paper: none.
#include "rewards/code/metrics.h"

#include <algorithm>

namespace r1 {

void put(Record& record, const ExecutorStats& a, const ExecutorStats& b) {
  ExecutorStats d = b;
  d.busy_s -= a.busy_s, d.blocked_s -= a.blocked_s, d.queued_s -= a.queued_s, d.jobs -= a.jobs;
  record.set(kCodeJobs, static_cast<double>(d.jobs)).set(kCodeTests, static_cast<double>(b.tests - a.tests));
  record.set(kCodeBusy, d.busy_s).set(kCodeQueued, d.queued_s).set(kCodeBlocked, d.blocked_s);
  record.set(kCodeOverlap, d.overlap());
  record.set(kCodeRetries, static_cast<double>(b.retries - a.retries));
  record.set(kCodeRestarts, static_cast<double>(b.restarts - a.restarts));
  record.set(kCodeSwept, static_cast<double>(b.swept - a.swept));
  for (size_t i = 0; i < b.outcomes.size() && d.jobs > 0; ++i) {
    std::string name = name_of(static_cast<Outcome>(i));
    name.erase(std::remove(name.begin(), name.end(), '_'), name.end());  // a member of a family is one word
    record.set_in(kCodeOutcome, name, static_cast<double>(b.outcomes[i] - a.outcomes[i]) / static_cast<double>(d.jobs));
  }
}

}  // namespace r1
