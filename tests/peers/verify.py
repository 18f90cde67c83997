#!/usr/bin/env python3
"""The math verifier beside Python's math-verify, and on data of others; prints Markdown for verify.sh.

    python3 tests/peers/verify.py speed --r1 build/cpu/r1 [--rounds 3]      needs: pip install math-verify
    python3 tests/peers/verify.py data --r1 build/cpu/r1 --shared ../shared/data

speed: both judge the labelled set of tests/rewards/math/pairs in turn. math-verify gets what its users give it: the
reference as $...$, the answer in a box, its own time limits. data: every disagreement with a label, with its reason.
"""
import argparse
import json
import multiprocessing
import os
import re
import subprocess
import sys
import tempfile
import time

PAIRS = "tests/rewards/math/pairs/pairs.jsonl"

# Why a label and the verifier disagree: the first pattern that fits a row of the table speaks.
REASONS = [
    (r"\\?(gcd|lcm|operatorname\{gcd|operatorname\{lcm)", "SymPy takes gcd and lcm of letters and irrationals as polynomials, "
     "before numbers are put in: no value of the numbers"),
    (r"128E300\)", "the label's text has a bracket that nothing opened; rejected here"),
    (r"\\prod.*a = b", "a product from 1.9 to 2.4: limits that are no whole numbers have no meaning here"),
    (r"\\sum.*infty", "an infinite sum: outside of the grammar, unknown"),
    (r"binom\{x\}|choose\{x\}", "a binomial of fractions needs the gamma function twice: no bounds here"),
    (r"e\^\{I", "I for the imaginary unit is SymPy's spelling; here it is a variable"),
    (r"\|.?\|x", "nested bars: the first pair that closes is taken, as in ||x||"),
    (r"a\\+%", "a per cent of a variable is accepted here"),
    (r"REASONING_END", "a tag of the caller's own choice"),
    (r"base|_\{?\d", "the same digits or number in another base: unknown, never rewarded"),
    (r"unknown", "undecided: masked, not rewarded, while the label says wrong"),
]


# Different texts among MATH-500's answers that are equal.
SAME = [{"-2,1", "1,-2"}, {"10,\\!080", "10080"}, {"120", "120^\\circ"}, {"15", "15\\mbox{ cm}^2"}, {"2 \\sqrt{5}", "2\\sqrt{5}"},
        {"30", "30^\\circ"}, {"36", "36^\\circ"}, {"36", "\\$36"}, {"5", "x=5"}, {"90", "90^\\circ"}, {"\\frac14", "\\frac{1}{4}"}]


def rows_of(path):
    with open(path, encoding="utf-8") as f:
        return [json.loads(line) for line in f if line.strip()]


def write_rows(folder, name, rows):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as f:
        for r in rows:
            f.write(json.dumps(r, ensure_ascii=False) + "\n")
    return path


def reason(row):
    for pattern, why in REASONS:
        if re.search(pattern, row):
            return why
    return "NOT EXPLAINED"


def show(title, command, note="", most=60):
    """Runs r1 verify and prints its counts; each row of its table gets a reason."""
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    lines = done.stdout.splitlines()
    rows = [line for line in lines if line.startswith("| ") and not line.startswith(("| ---", "| reference", "| expression"))]
    print(f"### {title}\n")
    if note:
        print(note + "\n")
    print("```\n" + "\n".join(line for line in lines if line and not line.startswith("|")) + "\n```\n")
    reasons = {}
    for r in rows:
        reasons.setdefault(reason(r), []).append(r)
    if not rows:
        print("No disagreement.\n")
        return
    columns = rows[0].count(" | ")
    head = "| reference | answer | label | verdict | the verifier says | reason |" if columns >= 4 else "| expression | wanted | verifier | reason |"
    print(head + "\n" + "|" + " --- |" * (head.count("|") - 1))
    for why, some in sorted(reasons.items(), key=lambda x: -len(x[1])):
        for r in some[:most]:
            print(f"{r} {why} |")
        if len(some) > most:
            print(f"| ... {len(some) - most} more of this kind " + "| " * (head.count("|") - 3) + f"| {why} |")
    print()


def data(args):
    shared = args.shared
    folder = tempfile.mkdtemp()
    verify = [args.r1, "verify"]
    rows = []
    for r in rows_of(f"{shared}/gsm8k/example_model_solutions.jsonl"):
        for model in ("6b_finetuning", "6b_verification", "175b_finetuning", "175b_verification"):
            rows.append({"gold": r["ground_truth"], "answer": r[model]["solution"],
                         "label": "equal" if r[model]["is_correct"] else "different"})
    show("GSM8K, 5,276 graded model solutions", verify + ["--file", write_rows(folder, "gsm8k.jsonl", rows)])

    rows = rows_of(f"{shared}/math500/test500.jsonl")
    own = [{"gold": r["answer"], "answer": r["solution"], "label": "equal"} for r in rows]
    show("MATH-500, the box of each solution against its answer", verify + ["--file", write_rows(folder, "math500.jsonl", own)])
    answers = sorted({r["answer"] for r in rows})
    cross = [{"gold": a, "answer": b, "label": "equal" if {a, b} in SAME else "different"}
             for a in answers for b in answers if a != b]
    show(f"MATH-500, all {len(cross)} ordered pairs of different answers", verify + ["--file", write_rows(folder, "cross.jsonl", cross)],
         "Eleven pairs, looked through by hand, are labelled equal: two spellings, another order, a unit or name left out.", 16)

    values = []
    for r in rows_of(f"{shared}/latex_parsing/latex2sympy_good.jsonl"):
        if r.get("value") is not None:
            values.append({"text": r["latex"], "at": r.get("at") or {}, "value": r["value"]})
    show("LaTeX with a value", verify + ["--values", write_rows(folder, "values.jsonl", values)])
    bad = [{"text": r["latex"]} for r in rows_of(f"{shared}/latex_parsing/latex2sympy_bad.jsonl")]
    show("LaTeX to be rejected", verify + ["--values", write_rows(folder, "bad.jsonl", bad)])

    calls = []
    for name in ("open_r1", "trl"):
        for r in rows_of(f"{shared}/rewards/{name}_reward_cases.jsonl"):
            if r["function"] not in ("accuracy_reward", "reasoning_accuracy_reward"):
                continue
            for answer, gold, want in zip(r["inputs"]["completions"], r["inputs"]["solution"], r["expected"]):
                if r["function"] == "reasoning_accuracy_reward" and "</think>" not in answer and want == 0.0:
                    continue  # there the missing thought costs the reward; here the format reward sees to that
                calls.append({"gold": gold, "answer": answer, "label": "equal" if want == 1.0 else "different" if want == 0.0 else "unknown"})
    show("Reward calls of open-r1 and TRL", verify + ["--file", write_rows(folder, "calls.jsonl", calls)],
         "Label unknown: their tests expect no reward because the reference cannot be read.")


def as_peer_texts(pair):
    """Both get a box; what already has one, tags or hashes is left alone."""
    answer = pair["answer"]
    if not re.search(r"boxed|think>|answer|####|A:|Answer", answer):
        answer = "\\boxed{" + answer + "}"
    return f"${pair['gold']}$", answer


def peer_verdict(pair):
    from math_verify import parse, verify
    gold, answer = as_peer_texts(pair)
    begin = time.perf_counter()
    try:
        result = "equal" if verify(parse(gold), parse(answer)) else "not equal"
    except Exception as error:  # a verdict all the same: no reward
        result = "error " + type(error).__name__
    return result, time.perf_counter() - begin


def peer_start():
    import logging
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30))
    logging.disable(logging.CRITICAL)


def quality(name, verdicts, pairs):
    def count(label, verdict):
        return sum(1 for p, v in zip(pairs, verdicts) if p["label"] == label and v == verdict)

    total = {label: sum(1 for p in pairs if p["label"] == label) for label in ("equal", "different", "unknown")}
    wrong = [p for p, v in zip(pairs, verdicts) if p["label"] != "equal" and v == "equal"]
    print(f"| {name} | {count('equal', 'equal')} of {total['equal']} | {count('different', 'equal')} of {total['different']} "
          f"| {count('unknown', 'equal')} of {total['unknown']} |")
    return wrong


def measure(name, pairs, args):
    """One row a verifier, in turn; returns the verdicts of both."""
    boxed = [dict(p, answer=as_peer_texts(p)[1]) for p in pairs]
    file = write_rows(tempfile.mkdtemp(), "boxed.jsonl", boxed)
    verdicts, times, ours, many = [], [], {1: [], 2: []}, []
    for _ in range(args.rounds):
        for threads in (1, 2):
            bench = [args.r1, "verify", "--file", file, "--bench", "--rounds", "100", "--threads", str(threads)]
            ours[threads].append(subprocess.run(bench, capture_output=True, text=True, check=True).stdout)
        results = [peer_verdict(p) for p in pairs]
        verdicts = [v for v, _ in results]
        times.append(sorted(t for _, t in results))
        with multiprocessing.get_context("fork").Pool(2, peer_start) as pool:
            begin = time.perf_counter()
            pool.map(peer_verdict, pairs, chunksize=8)
            many.append(len(pairs) / (time.perf_counter() - begin))

    def middle(values):
        return sorted(values)[len(values) // 2]

    def found(threads, pattern):
        return middle([float(re.search(pattern, line).group(1)) for line in ours[threads]])

    def at(q):
        return 1e6 * middle([t[int(q * (len(t) - 1))] for t in times])

    rate = r"([\d.]+) verdicts/s"
    one, two = found(1, rate), found(2, rate)
    peer_one, peer_two = middle([len(pairs) / sum(t) for t in times]), middle(many)
    print(f"| {name} ({len(pairs)}) | r1 verify | {one:,.0f} | {two:,.0f} | {found(1, r'p50 ([0-9.]+) us'):.1f} us "
          f"| {found(1, r'p99 ([0-9.]+) us'):.1f} us | {found(1, r'max ([0-9.]+) us'):,.0f} us |")
    print(f"| | math-verify {version()} | {peer_one:,.0f} | {peer_two:,.0f} | {at(0.5):,.0f} us | {at(0.99):,.0f} us | {at(1):,.0f} us |")
    print(f"| | ratio | {one / peer_one:,.0f} | {two / peer_two:,.0f} | | | |")
    return ours_verdicts(args.r1, boxed), verdicts


def speed(args):
    peer_start()
    pairs = rows_of(PAIRS)
    for p in pairs[:20]:
        peer_verdict(p)  # imports and caches
    print(f"Medians of {args.rounds} rounds in turn; one process a core for math-verify, one thread a core for us.\n")
    print("| pairs | verifier | verdicts/s, 1 core | verdicts/s, 2 cores | p50 | p99 | slowest |\n| --- | --- | --- | --- | --- | --- | --- |")
    if os.path.isdir(f"{args.shared}/math500"):
        plain = [{"gold": r["answer"], "answer": r["answer"], "label": "equal", "about": ""} for r in rows_of(f"{args.shared}/math500/test500.jsonl")]
        own_plain, peer_plain = measure("MATH-500's answers against themselves", plain, args)
    own, peer = measure("the labelled set", pairs, args)
    print("\n| pairs | verifier | accepted of equal | accepted of different | accepted of unknown |\n| --- | --- | --- | --- | --- |")
    if os.path.isdir(f"{args.shared}/math500"):
        quality("MATH-500 | r1 verify", own_plain, plain)
        quality(f"MATH-500 | math-verify {version()}", peer_plain, plain)
    quality("the labelled set | r1 verify", own, pairs)
    wrong = quality(f"the labelled set | math-verify {version()}", peer, pairs)
    print("\nThe labels follow our rules; where math-verify means to be lenient (units, percent, an unsolved equation, arithmetic"
          "\nleft undone, six digits of a number) it accepts by design. What it accepts of different and unknown, by kind of pair:\n")
    kinds = {}
    for p in wrong:
        kinds.setdefault(p["about"], []).append(p)
    print("| kind | accepted | examples (reference @ answer) |\n| --- | --- | --- |")
    for kind, some in sorted(kinds.items(), key=lambda x: -len(x[1])):
        examples = "; ".join(f"`{p['gold']} @ {p['answer']}`".replace("|", "\\|") for p in some[:4])
        print(f"| {kind} | {len(some)} | {examples} |")


def ours_verdicts(r1, pairs):
    """One verdict a pair, by asking for each label whether it is the verdict."""
    folder = tempfile.mkdtemp()
    out = []
    for p in pairs:
        path = write_rows(folder, "one.jsonl", [dict(p, label="equal")])
        text = subprocess.run([r1, "verify", "--file", path], capture_output=True, text=True, errors="replace", check=False).stdout
        out.append(re.search(r"verdict (\w+)", text).group(1))
    return out


def version():
    from importlib.metadata import version as v
    return v("math-verify")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["speed", "data"])
    parser.add_argument("--r1", default="build/cpu/r1")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--shared", default="../shared/data")
    options = parser.parse_args()
    sys.stdout.reconfigure(errors="replace")
    speed(options) if options.what == "speed" else data(options)
