#!/usr/bin/env bash
# The protocol for honest curves of R1-Zero on math-1: a frozen recipe, fresh seeds run once, a test set that tuning
# never saw, failures included, controls and a baseline beside it. Hours on two cores; results go to paper_notes/results.
#   bash tests/learning/curves.sh OUT [SEED...]      default seeds 100 101 102 103 104
# Environment: R1=build/cpu/r1, CONFIG=examples/configs/math-1.json, THREADS=0, JOBS=1 (seeds at a time),
# PARTS="seeds controls passk" (what to run; "bases" makes only the bases of the seeds). What is there already is not run again.
set -euo pipefail
cd "$(dirname "$0")/../.."
out=$1
shift
seeds=${*:-100 101 102 103 104}
r1=${R1:-build/cpu/r1} config=${CONFIG:-examples/configs/math-1.json} threads=${THREADS:-0} jobs=${JOBS:-1}
parts=${PARTS:-seeds controls passk}
test_set="--set eval.split=test --set eval.problems=400"
mkdir -p "$out"

# base NAME SEED [flags]: pre-trains a base and measures its gate.
base() {
  local dir=$out/$1-base seed=$2
  shift 2
  [ -f "$dir/model/model.safetensors" ] && return 0
  rm -rf "$dir"
  "$r1" pretrain --threads "$threads" --seed "$seed" --run "$dir" --out "$dir/model" --config "$config" "$@" >"$dir.log" 2>&1
  "$r1" evaluate "$dir/model" --gate --threads "$threads" --config "$config" --json "$dir/gate.json" >"$dir.gate" 2>&1
}
# zero NAME BASE SEED [flags]: R1-Zero from a base.
zero() {
  local dir=$out/$1 from=$2 seed=$3
  shift 3
  [ -f "$dir/model/model.safetensors" ] && return 0
  rm -rf "$dir"
  "$r1" r1-zero --threads "$threads" --seed "$seed" --base "$from" --run "$dir" --out "$dir/model" --keep-models \
    --config "$config" $test_set "$@" >"$dir.log" 2>&1
}
seed_base() { base "seed-$1" "$1"; }
# spawn COMMAND...: in the background as soon as fewer than JOBS run.
spawn() {
  while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do wait -n; done
  "$@" &
}
# seed N: base, RL, and the three stations at the paper's temperature and nucleus.
seed() {
  seed_base "$1"
  zero "seed-$1" "$out/seed-$1-base/model" "$1"
  [ -f "$out/seed-$1/paper.json" ] || "$r1" evaluate $("$r1" curves --models "$out/seed-$1") --threads "$threads" \
    --seed "$1" --config "$config" $test_set --set eval.temperature=0.6 --set eval.top_p=0.95 \
    --json "$out/seed-$1/paper.json" >"$out/seed-$1.paper" 2>&1
  echo "seed $1 done: $(tail -1 "$out/seed-$1-base.gate")"
}
# Controls and baseline, on the first seed: rewards shuffled inside groups; a base that never saw a check; no KL term;
# rejection-sampling fine-tuning.
shuffled() { zero "control-shuffled-$1" "$out/seed-$1-base/model" "$1" --set grpo.shuffle_rewards=true; }
no_checks() {
  base "control-no-checks-$1" "$1" --set world.check_product_en=0 --set world.check_product_zh=0 --set world.check_sum=0
  zero "control-no-checks-$1" "$out/control-no-checks-$1-base/model" "$1"
}
no_kl() { zero "control-no-kl-$1" "$out/seed-$1-base/model" "$1" --set grpo.kl_beta=0; }
rft() { zero "baseline-rft-$1" "$out/seed-$1-base/model" "$1" --set grpo.objective=rft --set grpo.kl_beta=0; }
# pass@k of base and final policy for k = 1..256.
passk() {
  [ -f "$out/seed-$1/passk.json" ] || "$r1" evaluate "$out/seed-$1/models/0" "$out/seed-$1/model" --threads "$threads" \
    --seed "$1" --config "$config" $test_set --set eval.samples=256 --set 'eval.pass_k=[2,4,8,16,32,64,128,256]' \
    --json "$out/seed-$1/passk.json" >"$out/seed-$1.passk" 2>&1
}

first=${seeds%% *}
for part in $parts; do
  case $part in
    bases) for s in $seeds; do spawn seed_base "$s"; done ;;
    seeds) for s in $seeds; do spawn seed "$s"; done ;;
    controls) for c in no_checks shuffled no_kl rft; do spawn "$c" "$first"; done ;;
    passk) spawn passk "$first" ;;
  esac
  wait
done
[ "$parts" = bases ] || "$r1" curves $(for s in $seeds; do echo "$out/seed-$s"; done)
