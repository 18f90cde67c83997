#!/usr/bin/env bash
# Planted bugs: copies of the project's kernels with one error each, through the checks that the good ones pass. Each
# must be found, and by the check that its entry names: exit code 1 of the harness and a fault with those words.
#   bash tests/cuda/planted/run.sh             all of *.txt beside this script; a table; exit code 1 if one is missed
#   bash tests/cuda/planted/run.sh ID...       these, with what the harness said of each
#   bash tests/cuda/planted/run.sh table       the rows of paper_notes/results/planted_bugs.md; runs nothing
# An entry: `== ID: what is wrong`, `in FILE [by UNIT]` (of cuda/; UNIT is the .cu to compile if FILE is a header),
# `plain|race CASE: WORDS` (race: compiled for the race detector), then `- ` lines that occur once in FILE and `+ ` lines
# that take their place; `on 80`: on a chip of that compute capability. R1_PLANTED_RUNS=4: schedules a problem.
set -uo pipefail
cd "$(dirname "$0")/../../.."
root=$PWD good=$PWD/build/cuda-emulated part=cuda/ work=$PWD/build/planted
if [ ! -x "$good/cuda/r1_gpu" ] && [ "${1:-}" != table ]; then  # the kernels alone, which need no other library
  good=$PWD/build/cuda-emulated-kernels part=""
  cmake -S cuda -B "$good" -G Ninja -DR1_CUDA_EMULATED=ON > /dev/null && cmake --build "$good" -j "$(nproc)" > /dev/null || exit 2
fi
rm -rf "$work"
mkdir -p "$work"

# Folders $work/ID with the files what, file, unit, build, case, words, old, new.
ids=()
read_entries() {
  local line dir="" rest
  while IFS= read -r line; do
    case $line in
      "== "*)
        rest=${line#== } dir=$work/${rest%%: *}
        [ ! -d "$dir" ] || { echo "planted: two entries '${rest%%: *}'" >&2; exit 2; }
        mkdir "$dir"
        ids+=("${rest%%: *}")
        printf '%s' "${rest#*: }" > "$dir/what"
        ;;
      "in "*)
        rest=${line#in }
        printf '%s' "${rest% by *}" > "$dir/file"
        printf '%s' "${rest#* by }" > "$dir/unit"
        ;;
      "plain "* | "race "*)
        printf '%s' "${line%% *}" > "$dir/build"
        rest=${line#* }
        printf '%s' "${rest%%: *}" > "$dir/case"
        printf '%s' "${rest#*: }" > "$dir/words"
        ;;
      "on "*) printf '%s' "${line#on }" > "$dir/cc" ;;
      "- "*) printf '%s\n' "${line#- }" >> "$dir/old" ;;
      "+ "*) printf '%s\n' "${line#+ }" >> "$dir/new" ;;
      "" | "#"*) ;;
      *) echo "planted: line '$line' of the entries, expected ==, in, plain, race, on, -, + or #" >&2; exit 2 ;;
    esac
  done < <(cat tests/cuda/planted/*.txt)
}

# The kernel's file with the error in it, beside nothing else: includes find it before the good one.
plant() {  # folder
  local file text old new="" twice
  file=$(< "$1/file") old=$(< "$1/old")
  [ ! -f "$1/new" ] || new=$(< "$1/new")
  text=$(< "cuda/$file")
  twice=${text/"$old"/}
  [ "$twice" != "$text" ] || { echo "no longer applies: cuda/$file does not have the text to replace"; return 1; }
  [ "${twice/"$old"/}" = "$twice" ] || { echo "no longer applies: cuda/$file has the text to replace more than once"; return 1; }
  mkdir -p "$1/cuda/$(dirname "$file")"
  printf '%s\n' "${text/"$old"/"$new"}" > "$1/cuda/$file"
}

# The build's own commands, with the copy, less optimisation and another output; the planted object comes first, so that
# the linker takes its templates where another file has the same.
build() {  # folder
  local unit object command link
  unit=$(< "$1/unit") object=${part}CMakeFiles/r1_cuda_kernels.dir/$unit.o
  command=$(ninja -C "$good" -t commands "$object" | tail -1)
  command=${command//"$object"/"$1/unit.o"}
  command=${command/ -I/ -I$1/cuda -I}
  [ ! -f "$1/cuda/$unit" ] || command=${command/"$root/cuda/$unit"/"$1/cuda/$unit"}
  command="${command/ -O2 / -O1 } -w"
  [ "$(< "$1/build")" = plain ] || command+=" -fsanitize=thread -g1"
  link=$(ninja -C "$good" -t commands "${part}r1_gpu" | tail -1)
  link=${link/ "$object" / }
  link=${link/ "${part}CMakeFiles"/ "$1/unit.o" "${part}CMakeFiles"}
  link=${link/-o "${part}r1_gpu"/-o "$1/r1_gpu"}
  (cd "$good" && eval "$command" && eval "$link") > "$1/build.log" 2>&1 || { echo "does not compile: $1/build.log"; return 1; }
  rm "$1/unit.o"
}

# "found" or what happened instead.
judge() {  # folder, exit code of the harness
  local faults
  faults=$(grep -E '^    ' "$1/log")
  case $2 in
    0) echo "MISSED: $(< "$1/case") passes" ;;
    1)
      if ! grep -q '^checks: ' "$1/log"; then
        echo "the harness ended early: $(tail -1 "$1/log")"
      elif grep -qF -- "$(< "$1/words")" <<< "$faults"; then
        echo found
      else
        echo "found by another check: $(head -1 <<< "$faults" | cut -c5-200)"
      fi
      ;;
    124) echo "MISSED: it hangs" ;;
    *) echo "the harness died, exit code $2: $(tail -1 "$1/log")" ;;
  esac
}

try() {  # id
  local dir=$work/$1 start=$EPOCHREALTIME code=0 verdict how=(--runs "$runs")
  [ "$(< "$dir/build")" = plain ] || how=(--runs 2 --small 1)  # a race is one in whatever order
  [ ! -f "$dir/cc" ] || export GPU_EMU_CC=$(< "$dir/cc")
  if verdict=$(plant "$dir") && verdict=$(build "$dir"); then
    timeout 300 "$dir/r1_gpu" check --only "$(< "$dir/case")" --faults 1 "${how[@]}" > "$dir/log" 2>&1 || code=$?
    verdict=$(judge "$dir" "$code")
    rm "$dir/r1_gpu"
  fi
  printf '%s' "$verdict" > "$dir/verdict"
  printf '%-26s %-5s %-10s %4.1f s  %s\n' "$1" "$(< "$dir/build")" "${verdict%%:*}" \
    "$(awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { print b - a }')" "$(< "$dir/what"): $(< "$dir/words")"
  [ "$verdict" = found ] || echo "    $1: $verdict"
}

read_entries
if [ "${1:-}" = table ]; then
  for id in "${ids[@]}"; do
    dir=$work/$id on=""
    [ ! -f "$dir/cc" ] || on=", on $(< "$dir/cc")"
    echo "| $id | $(< "$dir/file") | $(< "$dir/what") | $(< "$dir/build"), $(< "$dir/case")$on | $(sed 's/|/\\|/g' "$dir/words") |"
  done
  exit 0
fi
export -f plant build judge try
export GPU_EMU_COUNT=0 root good part work runs=${R1_PLANTED_RUNS:-4}
chosen=("${ids[@]}")
[ $# = 0 ] || chosen=("$@")
for id in "${chosen[@]}"; do
  [ -d "$work/$id" ] || { echo "planted: no entry '$id', expected one of: ${ids[*]}" >&2; exit 2; }
done
printf '%s\n' "${chosen[@]}" | xargs -P "$(nproc)" -I{} bash -c 'try {}'
found=0
for id in "${chosen[@]}"; do
  [ "$(< "$work/$id/verdict")" != found ] || found=$((found + 1))
  [ $# = 0 ] || { echo "$id: $(< "$work/$id/what")"; [ ! -f "$work/$id/log" ] || grep -E '^    ' "$work/$id/log"; }
done
files=$(for id in "${chosen[@]}"; do cat "$work/$id/file"; echo; done | sort -u | wc -l)
echo "planted: ${#chosen[@]} bugs in $files files, $found found, $SECONDS s"
[ "$found" = ${#chosen[@]} ]
