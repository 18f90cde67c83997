#!/usr/bin/env bash
# All GPU tests and timings in one call: builds for the GPU present (or takes the programs in bin/ beside this folder),
# checks every kernel, times them beside the machine's limits, cuBLASLt and CUB, and writes logs, JSON and Markdown into
# one folder of at most eight files.
#   bash tests/gpu.sh                    everything (8 minutes at most)
#   R1_GPU_QUICK=1 bash tests/gpu.sh     no sanitizer, no PyTorch (4 minutes)
#   OUT=folder                           where results go; default build/gpu-results
#   bash tests/gpu.sh pack FOLDER        copies the sources it needs; there: bash FOLDER/tests/gpu.sh
#   bash tests/gpu.sh pack FOLDER built  and the programs, built here for R1_CUDA_CHIPS (default 90a)
# Nothing stops it: a kernel that fails is reported and the rest goes on. Exit code 1 if any check failed.
set -uo pipefail
cd "$(dirname "$0")/.."

build() {  # chips, folder of the build
  local launcher=()
  command -v ccache > /dev/null && launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
  cmake -S cuda -B "$2" -G Ninja "-DR1_CUDA_CHIPS=$1" "${launcher[@]}" && cmake --build "$2" -j "$(nproc)"
}

nvcc=$(command -v nvcc || echo /usr/local/cuda/bin/nvcc)
cub_peer() {  # chip, program
  local chip=${1%%;*}
  "$nvcc" -std=c++20 -O3 -gencode "arch=compute_$chip,code=sm_$chip" -Xcompiler -static-libstdc++,-static-libgcc tests/peers/cub_gpu.cu -o "$2"
}

if [ "${1:-}" = pack ]; then
  to=${2:?folder to pack into}
  rm -rf "$to/bin" "$to/build" && mkdir -p "$to/bin"  # programs of another commit would be taken for this one's
  git archive HEAD cuda examples/my_rmsnorm.cu src/base src/kernels src/tensor tests/gpu.sh tests/peers tests/cuda | tar -x -C "$to"
  git rev-parse HEAD > "$to/bin/version.txt"
  if [ "${3:-}" = built ]; then
    build "${R1_CUDA_CHIPS:-90a}" build/gpu > build-gpu.log 2>&1 || { tail -20 build-gpu.log; exit 1; }
    rm -f build-gpu.log
    for program in r1_gpu layout_probe; do
      [ -x "build/gpu/$program" ] && strip -o "$to/bin/$program" "build/gpu/$program"
    done
    cub_peer "${R1_CUDA_CHIPS:-90a}" "$to/bin/cub_gpu"
    cp "$to/bin/version.txt" "$to/bin/built.txt"
  fi
  du -sh "$to"
  exit 0
fi

out=${OUT:-$PWD/build/gpu-results}
mkdir -p "$out"
quick=${R1_GPU_QUICK:-0}
failed=0
begin=$SECONDS
say() { printf '\n== %s (%d s)\n' "$1" $((SECONDS - begin)); }
# A command for at most so many seconds, and never past the eight minutes of all; 124 if it was stopped or had no time.
within() {  # seconds, command...
  local left=$((475 - SECONDS + begin))
  [ "$left" -ge 5 ] || { echo "not run: the eight minutes are over"; return 124; }
  timeout $(($1 < left ? $1 : left)) "${@:2}"
}

say "machine"
{
  cat bin/version.txt 2> /dev/null || git rev-parse HEAD
  nvidia-smi --query-gpu=name,driver_version,memory.total,clocks.sm,clocks.max.sm,clocks.mem,power.limit,temperature.gpu --format=csv \
    || echo "nvidia-smi: not found"
} 2>&1 | tee "$out/machine.txt"

bin=bin
if ! cmp -s bin/built.txt bin/version.txt || ! "$bin/r1_gpu" list > /dev/null 2>&1; then
  say "build for the GPU present"
  chip=$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader 2> /dev/null | head -1 | tr -d .)
  case "$chip" in 90 | 100) chip=${chip}a ;; esac
  bin=build/gpu
  build "${chip:-80;90a;100a}" "$bin" > "$out/build.log" 2>&1 || { tail -20 "$out/build.log"; failed=1; }
  cub_peer "${chip:-80}" "$bin/cub_gpu" >> "$out/build.log" 2>&1 || echo "CUB: tests/peers/cub_gpu.cu does not compile here"
  [ $failed = 1 ] || rm -f "$out/build.log"  # eight files come back
fi

# The library to compare with: CUDA's, or the one that PyTorch brought.
torch_lib=$(python3 -c 'import glob, site; print((glob.glob(site.getsitepackages()[0] + "/nvidia/*/lib/libcublasLt.so.1*") + [""])[0])' 2> /dev/null)
for lib in "${R1_CUBLASLT:-}" /usr/local/cuda/lib64/libcublasLt.so.13 "$torch_lib"; do
  if [ -n "$lib" ] && [ -e "$lib" ]; then
    export R1_CUBLASLT=$lib LD_LIBRARY_PATH=$(dirname "$lib"):${LD_LIBRARY_PATH:-}
    break
  fi
done
echo "cuBLASLt: ${R1_CUBLASLT:-none}" | tee -a "$out/machine.txt"

say "checks"
within 120 "$bin/r1_gpu" check --out "$out" 2>&1 | grep -v ' ok$'
[ "${PIPESTATUS[0]}" = 0 ] || failed=1

# Layouts and arithmetic of the hardware, line by line what the emulator says of itself.
if [ -x "$bin/layout_probe" ]; then
  say "layout probe"
  within 60 "$bin/layout_probe" > "$out/layout_probe.txt" 2>&1 || failed=1
  tail -3 "$out/layout_probe.txt"
fi

say "timings"
within 200 "$bin/r1_gpu" bench --out "$out" 2>&1

if [ -x "$bin/cub_gpu" ]; then
  say "CUB beside it"
  within 60 "$bin/cub_gpu" "$out" 2>&1 || failed=1
fi

# A kernel that is compiled now, in the place of ours.
if [ -x "$nvcc" ] && [ -f examples/my_rmsnorm.cu ]; then
  say "a reader's kernel"
  R1_ROOT=$PWD R1_NVCC=$nvcc R1_CXX=$(command -v c++ || echo g++) within 60 "$bin/r1_gpu" all --kernel rmsnorm_fwd/bf16 \
    --file examples/my_rmsnorm.cu 2>&1 || failed=1
fi

if [ "$quick" = 0 ]; then
  if python3 -c 'import torch' 2> /dev/null; then
    say "PyTorch beside it"
    within 90 python3 tests/peers/torch_gpu.py "$out" 2>&1
  fi
  if command -v compute-sanitizer > /dev/null; then
    for tool in memcheck racecheck synccheck; do
      barriers=()  # the tool counts a kernel's mbarriers by itself, and may count a ring of them as one
      [ $tool = memcheck ] || barriers=(--num-cuda-barriers 64)
      for only in gemm/bf16/nt rmsnorm softmax_fwd attention_fwd/bf16 attention_bwd/bf16; do
        say "compute-sanitizer $tool $only"
        within 30 compute-sanitizer --tool $tool --error-exitcode 9 "${barriers[@]}" "$bin/r1_gpu" check --only "$only" \
          --runs 1 --small 1 2>&1 | tee -a "$out/sanitizer.txt" | grep -E "SUMMARY|checks:|FAILED|overflow"
        [ "${PIPESTATUS[0]}" != 9 ] || failed=1
      done
    done
  else
    echo "compute-sanitizer: not installed, not run"
  fi
fi
say "done: results in $out, $([ $failed = 0 ] && echo 'all checks passed' || echo 'SOMETHING FAILED')"
echo "one kernel under the profiler: ncu --set full --clock-control none -k regex:rmsnorm $bin/r1_gpu bench --only rmsnorm_fwd/bf16"
exit $failed
