#!/usr/bin/env bash
# Every CUDA kernel under many schedules of the emulator, plain and for the race detector: no wrong value, no other bits,
# no report. What tests/cuda/run.sh does with a few. Then training on the emulated device under ASan and UBSan, and
# all once more as clang compiles it, where clang++ exists. Prints one line a build; the logs lie in build/. About an hour
# on two cores for 100 schedules.
#   bash tests/cuda/soak.sh [100]          schedules a problem
#   bash tests/cuda/soak.sh 16 --only attention    a part of them
set -uo pipefail
cd "$(dirname "$0")/../.."
runs=${1:-100}
[ $# = 0 ] || shift
launcher=()
command -v ccache > /dev/null && launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
mkdir -p build
check() {  # build, how to call it, options of cmake
  local folder=build/cuda-$1-kernels log=build/cuda-$1-soak.log start=$SECONDS status=0
  if ! { cmake -S cuda -B "$folder" -G Ninja "${launcher[@]}" -DR1_CUDA_EMULATED=ON "${@:3}" && cmake --build "$folder"; } > "$log" 2>&1; then
    echo "r1: the build failed; all of its output is in $log"
    return 1
  fi
  GPU_EMU_COUNT=0 "$folder/r1_gpu" check --runs "$runs" "${only[@]}" > "$log" || status=1
  grep -A3 FAILED "$log"
  echo "$2, $runs schedules a problem: $(grep '^checks: ' "$log" || tail -1 "$log"), $((SECONDS - start)) s"
  return $status
}
only=("$@")
check emulated "plain build" &
plain=$!
check race "race build" -DR1_CUDA_RACE=ON
race=$?
wait $plain || race=1
[ ${#only[@]} = 0 ] || exit $race
if command -v clang++ > /dev/null; then
  log=build/emulator-clang.log
  { cmake -S tests/cuda/emulator -B build/emulator-clang -G Ninja "${launcher[@]}" -DCMAKE_CXX_COMPILER=clang++ \
    && cmake --build build/emulator-clang && ctest --test-dir build/emulator-clang --output-on-failure; } > $log 2>&1 || race=1
  echo "the emulator's tests, by clang: $(grep 'tests passed' $log || tail -1 $log)"
  runs=2 only=(--small 1)
  check clang "by clang" -DCMAKE_CXX_COMPILER=clang++ || race=1
else
  echo "clang++: not installed, not run"
fi
log=build/cuda-emulated-asan.log
if ! { cmake --preset cuda-emulated -B build/cuda-emulated-asan -DR1_SANITIZE=ON "${launcher[@]}" && cmake --build build/cuda-emulated-asan --target r1_device_tests; } > "$log" 2>&1; then
  echo "r1: the build failed; all of its output is in $log"
  exit 1
fi
GPU_EMU_COUNT=0 ASAN_OPTIONS=detect_stack_use_after_return=0 build/cuda-emulated-asan/tests/r1_device_tests > "$log" 2>&1 || race=1
echo "training under ASan and UBSan: $(tail -2 "$log" | head -1)"
exit $race
