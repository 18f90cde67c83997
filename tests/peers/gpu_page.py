"""Writes paper_notes/results/bench_cuda.md from what tests/gpu.sh left: bench.json and, where the peers ran,
torch.json and cub.json.
Usage: python3 tests/peers/gpu_page.py RESULTS_FOLDER DATE [FOLDER_WITH_torch.json] > paper_notes/results/bench_cuda.md"""
import json
import os
import sys

folder, date = sys.argv[1], sys.argv[2]
bench = json.load(open(os.path.join(folder, "bench.json")))
commit = open(os.path.join(folder, "machine.txt")).readline().strip()
checks = open(os.path.join(folder, "check.log")).read().strip().splitlines()[-1]
torch_file = os.path.join(sys.argv[3] if len(sys.argv) > 3 else folder, "torch.json")
torch = json.load(open(torch_file)) if os.path.exists(torch_file) else {"rows": []}
cub_file = os.path.join(folder, "cub.json")
cub = json.load(open(cub_file)) if os.path.exists(cub_file) else {"rows": []}
cub_ms = {(p["kernel"], p["size"].replace(" ", "")): p["ms"] for p in cub["rows"]}
rows = [r for r in bench["rows"] if not r["fault"]]
faults = [r for r in bench["rows"] if r["fault"]]
peers = {}
for p in torch["rows"]:
    if "ms" in p:
        name, peer = p["peer"].split("/", 1)
        peers.setdefault((name, p["size"].replace(" ", "")), []).append((peer, p["ms"]))


def rate(r):
    return f"{r['tflops']:.0f} TFLOP/s" if r["tflops"] else f"{r['gbs']:.0f} GB/s"


def beside(r):
    key = (r["kernel"].split("/")[0], r["size"].replace(" ", ""))
    if key[0] == "adamw":
        key = ("adamw", key[1].split(",")[0])
    out = [f"cuBLASLt {r['library_over_ours']:.2f}"] if r["library_over_ours"] else []
    if r["kernel"].endswith("bf16") or key[0] == "adamw":
        out += [f"{peer} {ms / r['ms']:.2f}" for peer, ms in peers.get(key, [])]
    full = (r["kernel"], r["size"].replace(" ", ""))
    out += [f"CUB {cub_ms[full] / r['ms']:.2f}"] if full in cub_ms else []
    return ", ".join(out) or "-"


def line(r):
    equal = f"{r['copy_over_ours']:.2f}" if r["copy_over_ours"] else "-"
    return f"| {r['kernel']} | {r['size']} | {r['ms'] * 1e3:.1f} | {rate(r)} | {r['of_limit']:.2f} | {equal} | {beside(r)} |"


def table(chosen):
    return "\n".join(["| kernel | size | us | rate | of limit | copy / ours | peer's time / ours |", "|---|---|---|---|---|---|---|"] + [line(r) for r in chosen])


ladder = [r for r in rows if r["kernel"].startswith("ladder/")]
fast = [r for r in rows if r["mode"] == "fast"]
own = [r for r in rows if not r["kernel"].startswith("ladder/") and r not in fast]
memory = [r for r in own if not r["tflops"]]
goals = ("rmsnorm", "swiglu", "logp_rows", "adamw")
short = [r for r in memory if r["of_limit"] < 0.85]
missed = [r for r in short if r["kernel"].startswith(goals)]
missed_equal = [r for r in memory if r["kernel"].startswith(goals) and 0 < r["copy_over_ours"] < 0.85]
gemm = [r for r in own if r["kernel"] == "gemm/bf16/nt" and r["size"] in ("4096, 4096, 4096", "8192, 8192, 8192")]

fast_lines = "\n".join(
    f"| {r['kernel']} | {r['size']} | {r['ms'] * 1e3:.1f} | {rate(r)} | {r['exact_over_fast']:.2f} | "
    + (f"{r['library_over_ours']:.2f} |" if r["library_over_ours"] else "- |")
    for r in fast)

print(f"""# The CUDA kernels on a GPU

{bench['device']}, driver for CUDA {bench['driver']}, {date}, commit {commit[:12]}. `bash tests/gpu.sh`, page by `tests/peers/gpu_page.py`. {checks.capitalize()}.
Medians of 15, each with a cold L2, after 30 ms of fills that bring the clocks up; bytes are those that must move (each input read once, each output written once). Limits of this
machine: copy {bench['copy_gbs']:.0f} GB/s (read plus written), best cuBLASLt bf16 product at 8192^3 {bench['library_tflops']:.0f} TFLOP/s. "Of limit" is the share of the one
that applies; "copy / ours" is the time of a copy that moves as many bytes, measured in the same way, over ours: launch, cold caches and
tail count in both, which the copy of 4 GB behind "of limit" hardly feels; "peer's time / ours" above 1 means ours is faster (PyTorch {torch.get('torch', 'not run')}, its cuDNN, its FlashAttention 2; CUB {cub.get('cub', 'not run')}).
Times vary by a few percent from run to run, a GEMM with the chip's temperature by up to 8.

Goals of issue 4: GEMM bf16 at 4096 and 8192 at least 0.85 of cuBLASLt: {', '.join(f"{r['library_over_ours']:.2f}" for r in gemm)}.
rmsnorm, swiglu, log-probabilities and adamw at least 0.85 of copy: {'all' if not missed else 'not reached by ' + '; '.join(f"{r['kernel']} ({r['size']}) {r['of_limit']:.2f}" for r in missed)}.
Measured by the copy of as many bytes: {'all' if not missed_equal else 'not reached by ' + '; '.join(f"{r['kernel']} ({r['size']}) {r['copy_over_ours']:.2f}" for r in missed_equal)}.

## Kernels

{table(own)}

Below 0.85 of copy: {'; '.join(f"{r['kernel']} ({r['size']}) {r['of_limit']:.2f}" for r in short) or 'none'}.
{'Not measured: ' + '; '.join(r['kernel'] + ': ' + r['fault'] for r in faults) + '.' if faults else ''}
`bias_bwd` and `embedding_bwd` add rows in the CPU's order, one after another. The float attention is the plain one (a warp a row) and serves the small models.

## Exact and fast mode

In exact mode, the default and all of the table above, a row's bits do not depend on the batch and float is float. Fast mode
(`Exec::exact = false`) splits k where a product has few tiles and rounds float operands to tf32. The price of exact mode is its time over
fast mode's, on the same problem in the same run.

| kernel | size | fast us | rate | exact / fast | library / fast |
|---|---|---|---|---|---|
{fast_lines}

## Ladders: what each step gains

| step | size | us | rate | gain on the step before |
|---|---|---|---|---|""")
before = {}
for r in ladder:
    family = r["kernel"].split("/")[1].split("_")[0] + r["size"]
    gain = f"{before[family] / r['ms']:.2f}" if family in before else "-"
    before[family] = r["ms"]
    print(f"| {r['kernel'].split('/')[1]} | {r['size']} | {r['ms'] * 1e3:.1f} | {rate(r)} | {gain} |")
print("""
Two blocks that share the B tile by multicast (`gemm_9_cluster`) move 29 % fewer sectors and are no faster here. Until 2026-11-26 they ran at 0.6
of the speed of one alone: `mbarrier.arrive.release.cluster` costs a `MEMBAR.ALL.GPU` at every arrival, seen in the SASS; an arrival that
publishes no writes does not need it.

`rmsnorm_bwd/bf16` at 1024 columns was 0.81 of a copy of as many bytes (64.7 us, medians of four runs on one H200, 2026-11-26). ncu: not the memory but the
instructions between rows, 0.7 issued a cycle. What helped: one pack a thread and twice the warps, values and weights kept in registers, running pointers
(63.5 us); an early start of the launch that adds the shares (`Launch::early`, 62); strips of 8 columns there, of 32 where there are many (60.9). What did not: rings
that go on from one chunk to the next (64), two packs a thread (62, and 70 if its blocks do not fit at once), 32 warps by 64 registers with spills (80). Without its
second launch it would take 57.""")
