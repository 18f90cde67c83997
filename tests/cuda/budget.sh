#!/usr/bin/env bash
# Compiles every .cu of cuda/kernels and cuda/ladder for every chip and holds what ptxas says against the committed
# budget: no spilled byte, no more registers or static shared memory than budget.txt allows a kernel.
#   bash tests/cuda/budget.sh            checks; prints one line a fault; exit code 1 if any
#   bash tests/cuda/budget.sh --write    writes budget.txt anew from what was measured (spills are faults even so)
#   R1_CUDA_CHIPS="90a" limits the chips. Without nvcc it says so and passes.
set -uo pipefail
cd "$(dirname "$0")/../.."
nvcc=$(command -v nvcc || echo /usr/local/cuda/bin/nvcc)
[ -x "$nvcc" ] || { echo "budget: nvcc not found, not checked"; exit 0; }
chips=${R1_CUDA_CHIPS:-80 90a 100a}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

compile() {  # chip, source
  local log="$work/$1-$(basename "$2").log"
  "$nvcc" -std=c++20 -O3 -fmad=false -Icuda -Isrc -DR1_CUDA -gencode "arch=compute_$1,code=sm_$1" -Xptxas -v -cubin "$2" \
    -o "$log.cubin" > "$log" 2>&1 || echo "FAILED to compile $2 for sm_$1" > "$work/failed-$1-$(basename "$2")"
  rm -f "$log.cubin"
}
export -f compile
export work nvcc
for chip in $chips; do
  for source in cuda/kernels/*.cu cuda/ladder/*.cu; do echo "$chip $source"; done
done | xargs -P "$(nproc)" -L 1 bash -c 'compile "$0" "$1"'
cat "$work"/failed-* 2> /dev/null && exit 1

# "chip file kernel registers smem spilled": the most of all instances of a kernel.
for chip in $chips; do
  for log in "$work/$chip"-*.log; do
    file=$(basename "$log" .log)
    c++filt < "$log" | awk -v chip="sm_$chip" -v file="${file#*-}" '
      /Compiling entry function/ { match($0, /[a-z0-9_]+_kernel/); kernel = substr($0, RSTART, RLENGTH) }
      /bytes stack frame/ { for (i = 1; i <= NF; ++i) if ($i == "spill") spilled[kernel] += $(i - 2) }
      /Used [0-9]+ registers/ {
        for (i = 1; i <= NF; ++i) {
          if ($i == "Used" && $(i + 1) > registers[kernel]) registers[kernel] = $(i + 1)
          if ($i == "smem" && $(i - 2) > smem[kernel]) smem[kernel] = $(i - 2)
        }
      }
      END { for (k in registers) print chip, file, k, registers[k], smem[k] + 0, spilled[k] + 0 }'
  done
done | sort > "$work/measured"

faults=0
while read -r chip file kernel registers smem spilled; do
  [ "$spilled" = 0 ] || { echo "budget: $chip $file $kernel spills $spilled bytes, expected 0"; faults=1; }
done < "$work/measured"
if [ "${1:-}" = --write ]; then
  { echo "# chip file kernel registers static-smem: the most of all its instances (tests/cuda/budget.sh --write)"
    cut -d' ' -f1-5 "$work/measured"; } > tests/cuda/budget.txt
  exit $faults
fi
while read -r chip file kernel registers smem spilled; do
  line=$(grep "^$chip $file $kernel " tests/cuda/budget.txt) || { echo "budget: $chip $file $kernel has no line in tests/cuda/budget.txt"; faults=1; continue; }
  read -r _ _ _ allowed allowed_smem <<< "$line"
  [ "$registers" -le "$allowed" ] || { echo "budget: $chip $file $kernel uses $registers registers, allowed $allowed"; faults=1; }
  [ "$smem" -le "$allowed_smem" ] || { echo "budget: $chip $file $kernel uses $smem bytes of shared memory, allowed $allowed_smem"; faults=1; }
done < "$work/measured"
echo "budget: $(wc -l < "$work/measured") kernels on $chips: $([ $faults = 0 ] && echo within budget || echo FAULTS)"
exit $faults
