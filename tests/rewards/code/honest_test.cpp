// Honest programs are right: over two hundred in Python (42 problems solved in as many ways, each read and printed in
// five), some in C++, and HumanEval's own solutions where they are at hand.
#include <map>

#include "rewards/code/code_support.h"
#include "rewards/code/honest_programs.h"
#include "support/shared_data.h"

using namespace r1;
using namespace r1_test;

namespace {

struct Named {
  std::string name;
  Executor::Pending pending;
};

void all_right(const std::vector<Named>& jobs) {
  size_t right = 0;
  for (const Named& n : jobs) {
    const CodeResult& r = n.pending.get();
    INFO(n.name << ": " << r.detail << "\nstdout: " << (r.runs.empty() ? "" : r.runs.back().out.substr(0, 300))
                << "\nstderr: " << (r.runs.empty() ? "" : r.runs.back().err));
    CHECK(r.verdict == Verdict::kRight);
    right += r.verdict == Verdict::kRight;
  }
  CHECK(right == jobs.size());
}

/// The job of an answer, by the way a reward takes: reference to JSON and back, fence, extraction.
CodeJob by_reward(const std::string& language, const std::string& program, const std::vector<CodeTest>& tests) {
  CodeReference reference;
  reference.language = language, reference.tests = tests;
  std::string form;
  CodeJob job =
      job_of(read_reference(write_reference(reference), "honest"), "Here it is.\n\n" + fenced(program, language), form);
  CHECK(form.empty());
  return job;
}

}  // namespace

TEST_CASE("over 200 honest Python programs are right") {
  const auto e = best_executor(2);
  if (!e || !has(*e, "python")) return;
  std::vector<Named> jobs;
  for (const HonestProblem& p : honest_problems())
    for (const auto& [style, wrap] : honest_styles()) {
      std::vector<CodeTest> tests;
      for (const auto& [in, out] : p.tests) tests.push_back({in, out + "\n"});
      jobs.push_back({p.name + std::string(", ") + style, e->submit(by_reward("python", wrap(p.solve), tests))});
    }
  CHECK(jobs.size() >= 200);
  all_right(jobs);
}

TEST_CASE("honest C++ programs are right") {
  const auto e = best_executor(2);
  if (!e || !has(*e, "cpp")) return;
  std::vector<Named> jobs;
  for (const HonestCpp& p : honest_cpp()) {
    std::vector<CodeTest> tests;
    for (const auto& [in, out] : p.tests) tests.push_back({in, out + "\n"});
    jobs.push_back({p.name, e->submit(by_reward("cpp", p.program, tests))});
  }
  CHECK(jobs.size() >= 8);
  all_right(jobs);
}

TEST_CASE("uses of the library that honest programs make are allowed") {
  const auto e = best_executor(2);
  if (!e || !has(*e, "python")) return;
  const std::string programs[] = {
      "import threading\nt = threading.Thread(target=print, args=('ok',))\nt.start(); t.join()",
      "import sys, threading\nsys.setrecursionlimit(10**6)\nthreading.stack_size(64 << 20)\n"
      "def f(n): return 0 if n == 0 else 1 + f(n - 1)\nt = threading.Thread(target=lambda: print('ok' if f(30000) else "
      "''))\n"
      "t.start(); t.join()",
      "import asyncio\nasync def f():\n  await asyncio.sleep(0.01)\n  print('ok')\nasyncio.run(f())",
      "from concurrent.futures import ThreadPoolExecutor\nwith ThreadPoolExecutor(3) as p: print(''.join(p.map(str, "
      "'ok')))",
      "import random, secrets, uuid\nrandom.seed(); secrets.token_hex(); uuid.uuid4(); print('ok')",
      "import decimal, fractions, statistics, math, cmath, numbers\nprint('ok')",
      "import re, json, csv, string, textwrap, unicodedata, difflib, hashlib, zlib, base64, struct\nprint('ok')",
      "import collections, heapq, bisect, itertools, functools, operator, array, copy, enum, dataclasses, "
      "typing\nprint('ok')",
      "import datetime, time, calendar\ndatetime.datetime.now(); time.sleep(0.01); print('ok')",
      "import io, os, tempfile, pathlib, shutil, glob\nopen('t', "
      "'w').write('ok')\nprint(pathlib.Path('t').read_text())",
      "import os\nos.mkdir('d')\nopen('d/a', 'w').close()\nos.rename('d/a', 'd/b')\nprint('ok' if os.listdir('d') == "
      "['b'] else 'no')",
      "import signal\nsignal.signal(signal.SIGALRM, lambda *a: print('ok'))\nsignal.alarm(1)\nsignal.pause()",
      "import resource, gc, platform, inspect, traceback, logging, warnings\ngc.collect(); print('ok')",
      "import sys\nprint('ok' if sys.flags.isolated and not sys.path[0].endswith('tmp') else sys.path)",
      "import sqlite3\nprint(sqlite3.connect(':memory:').execute(\"select 'ok'\").fetchone()[0])",
      "import ctypes\nprint('ok' if ctypes.c_int(3).value == 3 else '')",
      "x = [0] * 10_000_000\nprint('ok')",
      "import sys\nsys.stdout.write('ok')",
      "print(end='ok', flush=True)",
      "import os\nos.write(1, b'o')\nos.write(1, b'k\\n')",
  };
  std::vector<Named> jobs;
  for (const std::string& p : programs) jobs.push_back({p, e->submit(python(p, {{"", "ok\n"}}))});
  all_right(jobs);
}

TEST_CASE("HumanEval's own solutions pass their own asserts in the sandbox", "[shared]") {
  const auto text = shared_file("humaneval/HumanEval.jsonl");
  if (!text) return;
  const auto e = best_executor(2);
  if (!e || !has(*e, "python")) return;
  std::vector<Named> jobs;
  for (const auto& row : json_lines(*text)) {
    const auto field = [&row = row](const char* name) { return row.at(name).get<std::string>(); };
    const std::string program = field("prompt") + field("canonical_solution") + "\n" + field("test") + "\ncheck(" +
                                field("entry_point") + ")\n";
    CodeLimits limits;
    limits.cpu_ms = 20000, limits.wall_ms = 120000;
    jobs.push_back({field("task_id"), e->submit(python(program, {{"", ""}}, limits))});
  }
  CHECK(jobs.size() == 164);
  all_right(jobs);
}

TEST_CASE("the same solutions with a wrong result fail their asserts", "[shared]") {
  // The control of the case before: were the asserts not run, these would pass too.
  const auto text = shared_file("humaneval/HumanEval.jsonl");
  if (!text) return;
  const auto e = best_executor(2);
  if (!e || !has(*e, "python")) return;
  std::vector<Named> jobs;
  for (const auto& row : json_lines(*text)) {
    const std::string entry = row.at("entry_point").get<std::string>();
    const std::string program = row.at("prompt").get<std::string>() + "    return object()\n\n" +
                                row.at("test").get<std::string>() + "\ncheck(" + entry + ")\n";
    jobs.push_back({entry, e->submit(python(program, {{"", ""}}))});
    if (jobs.size() == 40) break;
  }
  for (const Named& n : jobs) {
    INFO(n.name);
    CHECK(n.pending.get().verdict == Verdict::kWrong);
  }
}
