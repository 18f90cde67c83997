// One run: worker -> supervisor -> candidate. The worker moves bytes and holds the clock's result; the supervisor
// (process 1 of the run's own process namespace at level 2, a child subreaper below) starts the candidate, ends it at
// its deadline, then ends whatever it left behind. Whichever of the three dies, the others end: the supervisor sees its
// control socket close, the candidate has a parent-death signal, the namespace dies with its process 1. Paper: none.
#pragma once
#include "rewards/code/runner/candidate.h"

namespace r1::runner {

/// Runs it to the end; `connection` is watched, because a judge that is gone needs no result (then the worker exits).
wire::RunReply run_once(const wire::Run& run, Sandbox& sandbox, int connection);

/// Monotonic microseconds.
uint64_t now_us();

/// What the supervisor tells the worker at the end; the order to stop goes the other way as one byte, a wire::Stop.
struct Report {
  uint64_t end = 0, code = 0, stop = 0, cpu_us = 0, wall_us = 0, max_rss = 0, swept = 0;
  char error[256] = {};
};

/// Body of the supervisor; sends one Report on `control` and exits.
[[noreturn]] void supervise(const wire::Run& run, const Sandbox& sandbox, const std::string& box, CandidateFds fds,
                            int control);

/// Kills every descendant of this process, again and again until none is left; the number of processes reaped.
uint64_t sweep_descendants();

}  // namespace r1::runner
