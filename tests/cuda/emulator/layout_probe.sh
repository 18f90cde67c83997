#!/usr/bin/env bash
# The emulated layout probe against what the hardware printed (tests/cuda/golden/layout_probe.txt), and against itself
# under other schedules. Lines that begin with "info" are not compared.
set -euo pipefail
probe=$1
golden=$(dirname "$0")/../golden/layout_probe.txt
first=$(GPU_EMU_SEED=1 "$probe" | grep -v '^info')
if grep WRONG <<< "$first"; then exit 1; fi
for seed in 2 3 4; do
  for schedule in random reverse priorities; do
    diff <(echo "$first") <(GPU_EMU_SEED=$seed GPU_EMU_SCHEDULE=$schedule "$probe" | grep -v '^info') ||
      { echo "GPU_EMU_SEED=$seed GPU_EMU_SCHEDULE=$schedule: other lines"; exit 1; }
  done
done
# The hardware's lines must all be among the emulator's.
missing=$(grep -v '^info' "$golden" | grep -vxFf <(echo "$first") || true)
if [ -n "$missing" ]; then
  echo "the hardware printed, and the emulator does not:"
  echo "$missing"
  exit 1
fi
echo "as the hardware: $(grep -vc '^info' "$golden") lines; $(grep '^info device' "$golden")"
