#!/usr/bin/env bash
# Exactness soak: rollout = training over many tokens; the same weights run to run, on 1 and 2 threads, on AVX2 and
# AVX-512; and after kill -9 and --resume at random points of pre-training and of GRPO, in the middle of saves too. In
# full, also every CUDA kernel under 100 schedules of the emulator, in both builds (tests/cuda/soak.sh).
#   bash tests/soak.sh                     10 kill points a stage, 1e5 tokens; a table at the end
#   bash tests/soak.sh --short             2 kill points a stage, fewer tokens: what ctest runs
#   bash tests/soak.sh --results FILE      writes the table there as well (paper_notes/results/exactness.md)
#   --bin build/cpu/r1   --seed N (kill points)   --points N   --tokens N   --keep (leave the runs in place)
set -euo pipefail
cd "$(dirname "$0")/.."
command_line="bash tests/soak.sh $*"
bin=build/cpu/r1 seed=1 points=10 tokens=100000 keep=0 short=0 results=""
while [ $# -gt 0 ]; do
  case $1 in
    --short) short=1 points=2 tokens=3000 ;;
    --keep) keep=1 ;;
    --bin) bin=$2; shift ;;
    --seed) seed=$2; shift ;;
    --points) points=$2; shift ;;
    --tokens) tokens=$2; shift ;;
    --results) results=$2; shift ;;
    *) echo "soak: unknown option $1" >&2; exit 2 ;;
  esac
  shift
done
[ -x "$bin" ] || { echo "soak: $bin is not there; build it or name it with --bin" >&2; exit 2; }
bin=$(realpath "$bin")
code=$(git describe --always --dirty 2>/dev/null || echo unknown)  # before the page is opened: it would count as a change
work=$(mktemp -d "${TMPDIR:-/tmp}/r1-soak-XXXXXX")
[ $keep = 1 ] || trap 'rm -rf "$work"' EXIT
config=$work/config.json
printf '{"model": %s}' "$(cat examples/configs/nano.json)" >"$config"
failed=0
rows=()

# report WHAT OUTCOME DETAIL: one line now, one row of the table.
report() {
  rows+=("| $1 | $2 | $3 |")
  printf '%-58s %-8s %s\n' "$1" "$2" "$3"
  [ "$2" != FAILED ] || failed=1
}
same() { [ "$1" = "$2" ] && echo exact || echo FAILED; }
weights() {
  [ -f "$1/model/model.safetensors" ] || { echo "no weights $RANDOM"; return; }
  sha256sum "$1/model/model.safetensors" | cut -c1-16
}
# What a run logged, without the figures that measure time.
logged() {
  local timing='time_s|train/tokens_per_s|rollout/tokens_per_s|rollout/seconds|rollout/update_seconds|rollout/waited_seconds|eval/seconds'
  for file in metrics.jsonl samples.jsonl; do
    [ ! -f "$1/$file" ] || sed -E "s#\"($timing)\":[^,}]*,?##g" "$1/$file"
  done | sha256sum | cut -c1-16
}
# random N: 0..N-1, the next number of a generator that --seed starts.
state=$seed
random() {
  state=$(((state * 1103515245 + 12345) % 2147483648))
  drawn=$(((state / 65536) % $1))
}

# The command of a stage in DIR on THREADS, as the array `cmd`; `every` changes how often it saves or evaluates.
pretrain() {
  cmd=("$bin" pretrain --run "$1" --out "$1/model" --threads "$2" --config "$config" --seed 3 --gate-every 0
    --checkpoint-every "${every:-9}" --set train.updates=45 --set train.batch_tokens=480)
}
zero() {
  cmd=("$bin" r1-zero --base "$work/base/model" --run "$1" --out "$1/model" --threads "$2" --config "$config" --seed 4
    --checkpoint-every 2 --eval-every "${every:-3}" --set grpo.questions=8 --set grpo.group_size=8 --set grpo.rollouts=7
    --set grpo.max_new_tokens=48 --set grpo.ref_refresh=4 --set grpo.lr=1e-3 --set eval.problems=10
    --set eval.samples=2 --set eval.max_new_tokens=48)
}
run() {  # run STAGE DIR THREADS [more arguments]: to its end
  $1 "$2" "$3"
  "${cmd[@]}" "${@:4}" >>"$2.log" 2>&1 || { echo "soak: this failed:" "${cmd[@]}" "${@:4}" >&2; tail -3 "$2.log" >&2; return 1; }
}
# killed STAGE DIR time SECONDS, or killed STAGE DIR io CALL: begins or goes on, and is killed there; false if it ended
# before. Without config.json there is no run yet, and it begins, as the program says.
killed() {
  $1 "$2" 2
  local again=() at=() status=0 pid
  [ ! -f "$2/config.json" ] || again=(--resume)
  [ "$3" = time ] || at=(R1_KILL_AT_IO="$4")
  env "${at[@]}" "${cmd[@]}" "${again[@]}" >>"$2.log" 2>&1 &
  pid=$!
  if [ "$3" = time ]; then
    sleep "$4"
    kill -9 $pid 2>/dev/null || true
  fi
  wait $pid 2>/dev/null || status=$?
  [ $status = 137 ]
}
resume() {
  local again=()
  [ ! -f "$2/config.json" ] || again=(--resume)
  run "$1" "$2" 2 "${again[@]}"
}

# same_everywhere STAGE: run to run, threads, instruction sets. Leaves the first run in $work/STAGE; $seconds is the
# time of the second.
same_everywhere() {
  local stage=$1 dir=$work/$1 begin
  run "$stage" "$dir" 2
  begin=$EPOCHREALTIME
  run "$stage" "$dir-again" 2
  seconds=$(echo "$begin $EPOCHREALTIME" | awk '{ print $2 - $1 }')
  report "$stage: run to run, weights and logs" "$(same "$(weights "$dir")$(logged "$dir")" "$(weights "$dir-again")$(logged "$dir-again")")" "sha256 $(weights "$dir")"
  run "$stage" "$dir-1" 1
  report "$stage: 1 and 2 threads" "$(same "$(weights "$dir")$(logged "$dir")" "$(weights "$dir-1")$(logged "$dir-1")")" "weights, metrics.jsonl, samples.jsonl"
  if grep -qw avx512vl /proc/cpuinfo; then
    R1_ISA=v3 run "$stage" "$dir-v3" 2
    R1_ISA=v4 run "$stage" "$dir-v4" 2
    report "$stage: AVX2 and AVX-512" "$(same "$(weights "$dir-v3")$(logged "$dir-v3")" "$(weights "$dir-v4")$(logged "$dir-v4")")" "R1_ISA=v3, R1_ISA=v4"
  else
    report "$stage: AVX2 and AVX-512" skipped "this CPU has no AVX-512"
  fi
}

# kill_points STAGE: as many as $points, spread over the run, in turn by time and in the middle of a write to disk (a run
# makes about $writes of them).
kill_points() {
  local stage=$1 dir=$work/$1 i how where tries at
  for ((i = 1; i <= points; ++i)); do
    how=time
    [ $((i % 2)) = 1 ] || how=io
    for ((tries = 0; tries < 6; ++tries)); do
      rm -rf "$dir-kill" "$dir-kill.log"
      random 1000
      where=$(awk -v i=$i -v n=$points -v r="$drawn" -v all="$([ $how = time ] && echo "$seconds" || echo "$writes")" \
        -v form="$([ $how = time ] && echo %.3f || echo %d)" -v t=$tries \
        'BEGIN { printf form, all * (int((i - 1) / 2) + r / 1000) / int((n + 1) / 2) * 0.8 ^ t }')
      ! killed "$stage" "$dir-kill" $how "$where" || break
    done
    at=$(ls "$dir-kill/checkpoints" 2>/dev/null | xargs || true)
    resume "$stage" "$dir-kill"
    report "$stage: killed at $([ $how = time ] && echo "$where s" || echo "write call $where"), resumed" \
      "$(same "$(weights "$dir")$(logged "$dir")" "$(weights "$dir-kill")$(logged "$dir-kill")")" "found ${at:-no checkpoint yet}"
  done
  # One run that is killed again and again.
  rm -rf "$dir-kill" "$dir-kill.log"
  local kills=0
  for where in 25 10 45 20; do
    ! killed "$stage" "$dir-kill" io $where || kills=$((kills + 1))
  done
  resume "$stage" "$dir-kill"
  report "$stage: one run killed $kills times" "$(same "$(weights "$dir")$(logged "$dir")" "$(weights "$dir-kill")$(logged "$dir-kill")")" "weights, metrics.jsonl, samples.jsonl"
}

# field NAME FILE: that metric of every line that has it.
field() { grep -o "\"$1\":[^,}]*" "$2" | cut -d: -f2; }

# A base that can already answer in the asked form now and then, so that rewards differ and GRPO moves.
every=0 run pretrain "$work/base" 2 --set train.updates=$((short ? 250 : 500)) --set train.batch_tokens=1024 \
  --set train.schedule.lr=0.008

same_everywhere pretrain
writes=900
kill_points pretrain
same_everywhere zero
moved=$([ "$(weights "$work/zero")" != "$(weights "$work/base")" ] && echo yes || echo no)
norms=$(field train/grad_norm "$work/zero/metrics.jsonl" | awk '$1 > 0' | wc -l)
report "zero: the rewards move the weights" "$([ "$moved" = yes ] && [ "$norms" -gt 0 ] && echo yes || echo FAILED)" "gradient norm above 0 in $norms rollouts"
writes=900
kill_points zero

# Every answer token of a rollout meets the first minibatch: there is only one.
rollouts=$(((tokens + 6143) / 6144 * 2))
every=0 run zero "$work/exact" 2 --set grpo.minibatches=1 --set grpo.questions=16 --set grpo.group_size=16 \
  --set grpo.rollouts=$rollouts
metrics=$work/exact/metrics.jsonl
drawn=$(field rollout/length "$metrics" | awk '{ n += 256 * $1 } END { printf "%.0f", n }')
diff=$(field grpo/logp_diff_max "$metrics" | awk '$1 > m { m = $1 } END { print m + 0 }')
ratio=$(field grpo/ratio_max "$metrics" | awk '$1 > m { m = $1 } END { printf "%.9g", m }')
report "logp of rollout and training over $drawn tokens" "$([ "$diff" = 0 ] && [ "$drawn" -ge "$tokens" ] && echo exact || echo FAILED)" "largest difference $diff"
report "first ratio" "$([ "$ratio" = 1 ] && echo exact || echo FAILED)" "largest $ratio"

if [ $short = 0 ]; then
  cuda=$(bash tests/cuda/soak.sh 100) && outcome=none || outcome=FAILED
  report "CUDA kernels in the emulator, 100 schedules: alarms" $outcome "$(grep ' schedules a problem' <<<"$cuda" | xargs -d '\n' | sed 's/ a problem: checks//g')"
fi

if [ -n "$results" ]; then
  {
    echo "# Exactness soak"
    echo
    echo "Written by \`$command_line\`; do not edit by hand. Seed of the kill points: $seed."
    echo "Machine: $(grep -m1 'model name' /proc/cpuinfo | cut -d: -f2 | xargs), $(nproc) cores, $(uname -sr); $(date -u +%Y-%m-%d); code $code."
    echo
    echo "Config: \`examples/configs/nano.json\`; pre-training of 45 updates with a checkpoint every 9, GRPO of 7 rollouts x 64 answers with"
    echo "2 updates each, a checkpoint every 2 and an evaluation every 3. \"exact\": SHA-256 of model.safetensors and, without the"
    echo "fields that measure time, of metrics.jsonl and samples.jsonl are those of the undisturbed run."
    echo
    echo "| what | outcome | detail |"
    echo "| --- | --- | --- |"
    printf '%s\n' "${rows[@]}"
    echo
    echo "$SECONDS s in all, $([ $failed = 0 ] && echo 'nothing failed' || echo 'FAILED')."
  } >"$results"
fi
echo "soak: $SECONDS s, $([ $failed = 0 ] && echo 'all exact' || echo 'FAILED')"
exit $failed
