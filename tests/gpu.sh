#!/usr/bin/env bash
# All GPU tests and timings in one call: builds for the GPU present (or takes the program that R1_GPU_BIN names), checks
# every kernel, times them beside the machine's limits and cuBLASLt, and writes logs, JSON and Markdown into one folder.
#   bash tests/gpu.sh                    everything (8 minutes at most)
#   R1_GPU_QUICK=1 bash tests/gpu.sh     no sanitizer, no PyTorch (4 minutes)
#   OUT=folder                           where results go; default build/gpu-results
# Nothing stops it: a kernel that fails is reported and the rest goes on. Exit code 1 if any check failed.
set -uo pipefail
cd "$(dirname "$0")/.."
out=${OUT:-$PWD/build/gpu-results}
mkdir -p "$out"
quick=${R1_GPU_QUICK:-0}
failed=0
begin=$SECONDS
say() { printf '\n== %s (%d s)\n' "$1" $((SECONDS - begin)); }

say "machine"
nvidia-smi --query-gpu=name,driver_version,memory.total,clocks.sm,clocks.max.sm,clocks.mem,power.limit,temperature.gpu \
  --format=csv 2>&1 | tee "$out/machine.txt" || echo "nvidia-smi: not found"
nvcc=$(command -v nvcc || echo /usr/local/cuda/bin/nvcc)
"$nvcc" --version 2>/dev/null | tail -2 | tee -a "$out/machine.txt"

bin=${R1_GPU_BIN:-}
if [ -z "$bin" ] || ! "$bin" list > /dev/null 2>&1; then
  say "build for the GPU present"
  chip=$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader 2>/dev/null | head -1 | tr -d .)
  [ "$chip" = 90 ] && chip=90a
  [ "$chip" = 100 ] && chip=100a
  cmake -S cuda -B build/gpu -G Ninja -DR1_CUDA_CHIPS="${chip:-80;90a;100a}" > "$out/build.log" 2>&1 \
    && timeout 300 cmake --build build/gpu -j "$(nproc)" >> "$out/build.log" 2>&1 || { tail -20 "$out/build.log"; failed=1; }
  bin=build/gpu/r1_gpu
fi

# The library to compare with: CUDA's, or the one that PyTorch brought.
if [ -z "${R1_CUBLASLT:-}" ]; then
  for lib in /usr/local/cuda/lib64/libcublasLt.so.13 \
    "$(python3 -c 'import glob, site; print((glob.glob(site.getsitepackages()[0] + "/nvidia/*/lib/libcublasLt.so.1*") + [""])[0])' 2>/dev/null)"; do
    [ -n "$lib" ] && [ -e "$lib" ] && export R1_CUBLASLT=$lib LD_LIBRARY_PATH=$(dirname "$lib"):${LD_LIBRARY_PATH:-} && break
  done
fi
echo "cuBLASLt: ${R1_CUBLASLT:-none}"

say "checks"
timeout 150 "$bin" check --out "$out" 2>&1 | tee "$out/check.txt" | grep -v ' ok$'
[ "${PIPESTATUS[0]}" = 0 ] || failed=1

# Layouts and arithmetic of the hardware, line by line what the emulator says of itself.
for probe in "$(dirname "$bin")"/layout_probe; do
  [ -x "$probe" ] && { say "layout probe"; timeout 60 "$probe" > "$out/layout_probe.txt" 2>&1 || failed=1; tail -3 "$out/layout_probe.txt"; }
done

say "timings"
timeout 200 "$bin" bench --out "$out" 2>&1 | tee "$out/bench.txt"

if [ "$quick" = 0 ]; then
  if command -v compute-sanitizer > /dev/null; then
    for tool in memcheck racecheck synccheck; do
      for only in gemm/bf16/nt rmsnorm softmax attention_fwd/bf16; do
        say "compute-sanitizer $tool $only"
        timeout 40 compute-sanitizer --tool $tool "$bin" check --only "$only" --runs 1 --small 1 > "$out/$tool-${only//\//_}.txt" 2>&1
        grep -E "ERROR SUMMARY|RACECHECK SUMMARY|checks:" "$out/$tool-${only//\//_}.txt"
      done
    done
  else
    echo "compute-sanitizer: not installed, not run"
  fi
  if python3 -c 'import torch' 2> /dev/null; then
    say "PyTorch beside it"
    timeout 90 python3 tests/peers/torch_gpu.py "$out" 2>&1 | tee "$out/torch.txt"
  fi
fi
say "done: results in $out, $([ $failed = 0 ] && echo 'all checks passed' || echo 'SOMETHING FAILED')"
echo "one kernel under the profiler: ncu --set full --clock-control none -k regex:rmsnorm $bin bench --only rmsnorm_fwd/bf16"
exit $failed
