#!/usr/bin/env bash
# All tests: sets up like quickstart.sh; the CUDA kernels in the emulator (and through nvcc where it exists), then
# Release, double (numeric Jacobians) and ASan + UBSan.
#   bash tests/run.sh              everything
#   bash tests/run.sh cpu          one part only (cuda, cpu, cpu-double, cpu-asan)
set -euo pipefail
cd "$(dirname "$0")/.."
source examples/setup.sh
r1_setup
presets=${1:-"cuda cpu cpu-double cpu-asan"}
export R1_SHARED_DATA=${R1_SHARED_DATA:-$PWD/../shared/data}
begin=$SECONDS
table=""
failed=0
for preset in $presets; do
  start=$SECONDS
  if [ "$preset" = cuda ]; then
    bash tests/cuda/run.sh || failed=1
    table+=$(printf '%-12s build and tests %4d s' "$preset" $((SECONDS - start)))$'\n'
    continue
  fi
  r1_build "$preset"
  built=$SECONDS
  # The sanitizer build runs what parses, allocates and threads; the long exactness loops run in Release.
  filter=()
  [ "$preset" = cpu-asan ] && filter=(-L "base|formats|tokenizer|tasks|rewards|kernels|autograd|train|rl|engine|eval|pipeline")
  [ "$preset" = cpu-double ] && filter=(-L "autograd|kernels|model|nn|rl|golden" -E "rl/trainer")  # learning is judged in float
  ctest --test-dir "build/$preset" --output-on-failure -j "$(nproc)" "${filter[@]}" || failed=1
  table+=$(printf '%-12s build %4d s   tests %4d s' "$preset" $((built - start)) $((SECONDS - built)))$'\n'
done
echo
printf '%s' "$table"
echo "all: $((SECONDS - begin)) s"
[ $((SECONDS - begin)) -gt 2400 ] && echo "r1: warning: over the budget of 40 minutes"
exit $failed
