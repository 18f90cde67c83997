#!/usr/bin/env bash
# The CUDA half without a GPU, as CI runs it: every kernel in the emulator against its CPU twin (sizes, alignments,
# integers bit for bit, schedules), and, where nvcc exists, every .cu for every chip against the budget.
#   bash tests/cuda/run.sh               R1_CUDA_RUNS=16 for more schedules, R1_CUDA_BUDGET=0 without nvcc
set -uo pipefail
cd "$(dirname "$0")/../.."
launcher=()
command -v ccache > /dev/null && launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
begin=$SECONDS failed=0
cmake -S cuda -B build/cuda-emulated-kernels -G Ninja -DR1_CUDA_EMULATED=ON "${launcher[@]}" > /dev/null &&
  cmake --build build/cuda-emulated-kernels || exit 1
built=$SECONDS
build/cuda-emulated-kernels/r1_gpu check --runs "${R1_CUDA_RUNS:-3}" || failed=1
checked=$SECONDS
if [ "${R1_CUDA_BUDGET:-1}" = 1 ]; then bash tests/cuda/budget.sh || failed=1; fi
echo "cuda without a GPU: build $((built - begin)) s, checks $((checked - built)) s, budget $((SECONDS - checked)) s"
exit $failed
