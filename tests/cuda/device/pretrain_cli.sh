#!/usr/bin/env bash
# `r1 pretrain --device cuda` through the program: it trains and saves, and what cannot work is one line and exit code 1.
#   bash tests/cuda/device/pretrain_cli.sh path/to/r1
set -uo pipefail
r1=$1
dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT
export GPU_EMU_COUNT=0
run() { "$r1" pretrain --config examples/configs/nano-dense.json --gate-every 0 --set train.batch_tokens=128 "$@"; }
failed=0
refuses() {  # what is expected in the one line; environment and flags of the run
  local want=$1 text code
  shift
  text=$(env "${@:2}" "$r1" pretrain --config examples/configs/nano-dense.json --gate-every 0 --run "$dir/refused" --device cuda $1 2>&1)
  code=$?
  if [ $code != 1 ] || [ "$(wc -l <<< "$text")" != 1 ] || ! grep -q -- "$want" <<< "$text"; then
    printf 'FAILED: expected exit code 1 and one line with "%s", got %d and:\n%s\n' "$want" $code "$text"
    failed=1
  fi
}

run --run "$dir/cuda" --device cuda --set train.updates=2 --out "$dir/cuda/model" > "$dir/log" 2>&1 || { cat "$dir/log"; failed=1; }
run --run "$dir/cpu" --set train.updates=2 --out "$dir/cpu/model" > "$dir/log" 2>&1 || { cat "$dir/log"; failed=1; }
for d in cpu cuda; do
  "$r1" inspect "$dir/$d/model/config.json" > "$dir/$d.txt" 2>&1 || { cat "$dir/$d.txt"; failed=1; }
done
size() { wc -c < "$dir/$1/model/model.safetensors"; }
[ "$(size cpu)" = "$(size cuda)" ] || { echo "FAILED: weight files of $(size cpu) and $(size cuda) bytes"; failed=1; }
loss() { sed -n 's/.*"train\/loss":\([0-9.]*\).*/\1/p' "$dir/$1/metrics.jsonl" | tail -1 | cut -c1-6; }
[ -n "$(loss cpu)" ] && [ "$(loss cpu)" = "$(loss cuda)" ] || { echo "FAILED: losses $(loss cpu) and $(loss cuda)"; failed=1; }
if "$r1" bench cuda --list > /dev/null 2>&1 && [ -z "${R1_GPU:-}" ]; then  # the emulator plays these devices
  refuses "out of device memory: pre-training needs weights" "" GPU_EMU_MEMORY_MB=1
  refuses "compute capability 7.5, expected at least 8.0" "" GPU_EMU_CC=75
fi
refuses "no CUDA kernel yet: router_fwd" "--set model.arch=deepseek_v3 --set model.n_heads=2" X=1
[ -d "$dir/refused/checkpoints" ] && [ -n "$(ls -A "$dir/refused/checkpoints")" ] && { echo "FAILED: a refused run left checkpoints"; failed=1; }
[ $failed = 0 ] && echo "pretrain --device cuda: trained, saved, refused: ok"
exit $failed
