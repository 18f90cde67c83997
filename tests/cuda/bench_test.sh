#!/usr/bin/env bash
# `--file`, `--kernel`, `--emu-step`, `--size` of the kernels' program, in an emulated build: a reader's kernel that is
# right, wrong, racy, no C++, not there; and what else can be asked wrongly. One line a failure; exit code 1 if any.
#   bash tests/cuda/bench_test.sh build/cuda-emulated-kernels/r1_gpu      or .../r1, then through `r1 bench cuda`
set -uo pipefail
program=$(realpath "$1")
cd "$(dirname "$0")/../.."
check=("$program" check) count=("$program" bench)
[ "$(basename "$program")" = r1 ] && check=("$program" bench cuda --no-bench) count=("$program" bench cuda --no-check)
export GPU_EMU_COUNT=0  # a table of counters turns it on
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0 done=0

# expect NAME RC "text" ... -- command: all texts occur in what the command prints.
expect() {
  local name=$1 rc=$2 texts=() said code
  shift 2
  while [ "$1" != -- ]; do texts+=("$1") && shift; done
  shift
  said=$("$@" < /dev/null 2>&1)
  code=$?
  done=$((done + 1))
  local fault=""
  [ $code = "$rc" ] || fault="exit code $code, expected $rc"
  for text in "${texts[@]}"; do
    grep -qF -- "$text" <<< "$said" || fault+="${fault:+; }no '$text'"
  done
  # An error is one line; a compiler's words, which come before it, are at most 20.
  if [ "$rc" = 1 ]; then
    [ "$(grep -c '^r1' <<< "$said")" -le 1 ] || fault+="${fault:+; }more than one line of error"
  fi
  [ -z "$fault" ] && return
  failures=$((failures + 1))
  printf 'FAILED %s: %s\n%s\n' "$name" "$fault" "$(tail -25 <<< "$said")"
}
mine=examples/my_rmsnorm.cu
change() { sed "$2" $mine > "$work/$1.cu" && ! cmp -s $mine "$work/$1.cu" || { echo "FAILED: $1 does not change $mine"; exit 1; }; }
change short 's/for (int c = gpu::tid(); c < cols; c += kThreads) {/for (int c = gpu::tid(); c < cols - 1; c += kThreads) {/'
change last 's/^  for (int c = gpu::tid(); c < cols; c += kThreads)$/  for (int c = gpu::tid(); c < cols - 1; c += kThreads)/'
change over 's/^  for (int c = gpu::tid(); c < cols; c += kThreads)$/  for (int c = gpu::tid(); c <= cols; c += kThreads)/'
change racy 's/^    gpu::sync();$//'
change unwritten 's/^  gpu::sync();$//'
change words 's/^  const int64_t row = .*$/  const int64_t row = gpu::block_idx().no_such_member;/'
change named 's/^void rmsnorm_fwd(/void rmsnorm_forward(/'
cp $mine "$work/my kernel \$(false); x.cu"
fwd=(--kernel rmsnorm_fwd/bf16 --file)

expect good 0 "(your kernel)" "(ours: your file has none for it)" "checks: 2 kernels, " " problems, 0 failed" \
  -- "${check[@]}" --kernel rmsnorm_fwd --file $mine
expect "a name that a shell would misread" 0 " 0 failed" -- "${check[@]}" "${fwd[@]}" "$work/my kernel \$(false); x.cu" --size 3,40
expect "off by one in the sum" 1 FAILED "|y - expected| =" "|rstd - expected| =" -- "${check[@]}" "${fwd[@]}" "$work/short.cu" --size 5,64
expect "off by one at the end" 1 FAILED "y[0, 63] = " "nan, expected 0.2" -- "${check[@]}" "${fwd[@]}" "$work/last.cu" --size 5,64
expect "one element too many" 1 FAILED "read of unwritten device memory" "of buffer 'w'" -- "${check[@]}" "${fwd[@]}" "$work/over.cu" --size 5,64
expect "a race" 1 FAILED "race on byte" "of shared 'part'" "at racy.cu:" -- "${check[@]}" "${fwd[@]}" "$work/racy.cu" --size 5,64
expect "a missing barrier" 1 FAILED "read of unwritten shared memory" "at unwritten.cu:" -- "${check[@]}" "${fwd[@]}" "$work/unwritten.cu" --size 5,64
expect "no C++" 1 "words.cu:" "no_such_member" "does not compile" -- "${check[@]}" "${fwd[@]}" "$work/words.cu"
expect "another name" 1 "launches a kernel of this file" "expected functions of namespace r1::cuda" -- "${check[@]}" "${fwd[@]}" "$work/named.cu"
expect "no file" 1 "nowhere.cu" "found no such file" -- "${check[@]}" "${fwd[@]}" nowhere.cu
expect "a folder" 1 "found no such file" -- "${check[@]}" "${fwd[@]}" examples
expect "no kernel named" 1 "needs --kernel NAME" -- "${check[@]}" --file $mine
expect "unknown kernel" 1 "unknown kernel 'gemmm'" "expected one of: adamw, add, " "rmsnorm_fwd" -- "${check[@]}" --kernel gemmm
expect "unknown case" 1 "no case of kernel 'gemm' has 'f64'" -- "${check[@]}" --kernel gemm --only f64
expect "sources moved" 1 "no cuda/gpu.hpp in /nowhere" "set R1_ROOT" -- env R1_ROOT=/nowhere "${check[@]}" "${fwd[@]}" $mine
expect "no compiler" 1 "cannot run /nowhere/c++" "R1_CXX" -- env R1_CXX=/nowhere/c++ "${check[@]}" "${fwd[@]}" $mine
expect "size of another kernel" 1 "size of 1 numbers, expected 2 for rmsnorm_fwd/bf16: rows, cols" -- "${check[@]}" --kernel rmsnorm_fwd/bf16 --size 5
expect "size 0" 1 "size 0, expected at least 1" -- "${check[@]}" --kernel rmsnorm_fwd/bf16 --size 0,5
expect step 0 "kernel 'softmax_fwd', grid (1,1,1)" "#0  shfl_xor  at reduce.cuh" "gpu::shfl_xor(v, d));" "10 events" \
  -- "${check[@]}" --kernel softmax_fwd/f32 --emu-step 0,17 --size 2,64
expect "step in a reader's file" 0 "read 2 bytes" "of buffer 'x'" "sync  at my_rmsnorm.cu" "part[gpu::tid()] = sum;" \
  -- "${check[@]}" "${fwd[@]}" $mine --emu-step 1,2 --size 2,40
expect "step of a thread that is not there" 1 "has no such thread" -- "${check[@]}" --kernel softmax_fwd/f32 --emu-step 9,17 --size 2,64
expect "step without a thread" 1 "step '7', expected block,thread" -- "${check[@]}" --kernel softmax_fwd/f32 --emu-step 7
expect "what is counted" 0 "sectors" "rmsnorm_fwd/bf16 (yours)" "rmsnorm_fwd/bf16 (ours)" -- "${count[@]}" "${fwd[@]}" $mine --size 4,512
expect "too old a device" 1 "emulated GPU has compute capability 7.5, expected at least 8.0" -- env GPU_EMU_CC=75 "${check[@]}" --kernel copy
expect "no device" 1 "no CUDA device" "use --device cpu" -- env GPU_EMU_DEVICES=0 "${check[@]}" --kernel copy
expect "too old a driver" 1 "driver is for CUDA 11.8, this program needs 12.8: install a newer driver" \
  -- env GPU_EMU_DRIVER=11080 "${check[@]}" --kernel copy
expect "no memory" 1 "out of device memory: x needs 532 bytes, 0 of 0 are free; expected a smaller batch or model" "1 failed" \
  -- env GPU_EMU_MEMORY_MB=0 "${check[@]}" --kernel copy/f32 --size 1
if [ "$(basename "$program")" = r1_gpu ]; then
  expect help 0 "--emu-step B,T" "Examples:" -- "$program" --help
  expect "an option without its value" 1 "option --only, expected a value" -- "${check[@]}" --only
  expect "an unknown option" 1 "unknown option --olny" -- "${check[@]}" --olny gemm
  expect "a size that is none" 1 "--size x, expected" -- "${check[@]}" --size 5,x
fi
echo "bench options: $done tries, $failures failed"
[ $failures = 0 ]
