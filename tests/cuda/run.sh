#!/usr/bin/env bash
# The CUDA half without a GPU, as CI runs it: the emulator's own tests; every kernel in the emulator against its CPU twin
# (sizes, alignments, integers bit for bit, schedules); training with --device cuda beside the CPU's; and, where nvcc
# exists, every .cu for every chip against the budget; then bugs planted in copies of the kernels, each of which must be
# found (tests/cuda/planted/run.sh). Deeper counts: tests/cuda/soak.sh.
#   bash tests/cuda/run.sh               R1_CUDA_RUNS=100 for more schedules, R1_CUDA_BUDGET=0 without nvcc
set -uo pipefail
cd "$(dirname "$0")/../.."
launcher=()
command -v ccache > /dev/null && launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
mkdir -p build
begin=$SECONDS failed=0
build() {  # sources, folder, what to build, more
  if ! { cmake -S "$1" -B "build/$2" -G Ninja "${launcher[@]}" "${@:4}" && cmake --build "build/$2" -j "$(nproc)" --target $3; } > "build/$2.log" 2>&1; then
    grep -E "error|FAILED" "build/$2.log" | head -20 >&2
    echo "r1: the build failed; all of its output is in build/$2.log" >&2
    exit 1
  fi
}
echo "r1: building the emulator, its tests, and the kernels on it"
build tests/cuda/emulator emulator all
build cuda cuda-race-kernels all -DR1_CUDA_EMULATED=ON -DR1_CUDA_RACE=ON
build . cuda-emulated "r1 r1_device_tests r1_gpu" -DR1_CUDA_EMULATED=ON -DR1_WERROR=ON
kernels=build/cuda-emulated/cuda/r1_gpu
built=$SECONDS
# On the other core: the aligned problems under more schedules, and under the race detector.
GPU_EMU_COUNT=0 $kernels check --runs "${R1_CUDA_RUNS:-16}" --small 1 > build/cuda-schedules.log 2>&1 &
schedules=$!
ctest --test-dir build/emulator --output-on-failure || failed=1
export GPU_EMU_COUNT=0
$kernels check --runs 3 || failed=1
# On a chip without TMA and wgmma the same contracts choose other kernels, and have less shared memory.
GPU_EMU_CC=80 $kernels check --only bf16 --runs 2 --small 1 || failed=1
bash tests/cuda/bench_test.sh $kernels || failed=1
ctest --test-dir build/cuda-emulated -R '^cuda/(device|device_hidden|pretrain_cli)$' --output-on-failure || failed=1
echo "under the race detector:"
build/cuda-race-kernels/r1_gpu check --runs 2 --small 1 | grep -A4 -E "FAILED|^checks: "
[ "${PIPESTATUS[0]}" = 0 ] || failed=1
wait $schedules || failed=1
grep -A4 FAILED build/cuda-schedules.log
echo "${R1_CUDA_RUNS:-16} schedules a problem: $(grep '^checks: ' build/cuda-schedules.log || tail -1 build/cuda-schedules.log)"
checked=$SECONDS
bash tests/cuda/planted/run.sh || failed=1
planted=$SECONDS
if [ "${R1_CUDA_BUDGET:-1}" = 1 ]; then bash tests/cuda/budget.sh || failed=1; fi
echo "cuda without a GPU: build $((built - begin)) s, checks $((checked - built)) s, planted bugs $((planted - checked)) s, budget $((SECONDS - planted)) s"
exit $failed
