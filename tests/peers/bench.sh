#!/usr/bin/env bash
# Measures everything on the page paper_notes/results/bench_cpu.md and writes the page anew: matrix products against
# oneDNN (libdnnl-dev at build time), training and rollout beside their floors, and PyTorch in turn with us.
#   bash tests/peers/bench.sh                              build/cpu/r1, PyTorch of python3 if it has one
#   PYTHON=/tmp/torchenv/bin/python bash tests/peers/bench.sh
#   PEER="--no-compile --few"   spares minutes of search: see torch_toy.py --help
#   ROUNDS=21 GEMM_ROUNDS=11 SECONDS_EACH=3 THREADS=2 R1=build/cpu/r1 OUT=page.md
set -euo pipefail
cd "$(dirname "$0")/../.."
r1=${R1:-build/cpu/r1} python=${PYTHON:-python3} threads=${THREADS:-2} out=${OUT:-paper_notes/results/bench_cpu.md}
gemm=(bench cpu --threads "$threads" --rounds "${GEMM_ROUNDS:-11}")
peer=(tests/peers/torch_toy.py --r1 "$r1" --rounds "${ROUNDS:-7}" --seconds "${SECONDS_EACH:-3}")
page=$(mktemp)
trap 'rm -f "$page"' EXIT
{
  echo "# Speed on the CPU"
  echo
  echo "Written by \`bash tests/peers/bench.sh\`; do not edit by hand. Machine: $(grep -m1 'model name' /proc/cpuinfo | cut -d: -f2 | xargs),"
  echo "$(nproc) cores, $(uname -sr); $(date -u +%Y-%m-%d); code $(git describe --always --dirty 2>/dev/null || echo unknown); load of the machine (1, 5, 15 minutes)"
  echo "before: $(cut -d' ' -f1-3 /proc/loadavg). On a machine that others use too, only ratios of measurements taken in turn mean something."
  echo
  echo "## Matrix products against oneDNN $(grep -hoE 'DNNL_VERSION_(MAJOR|MINOR|PATCH) [0-9]+' /usr/include/*/oneapi/dnnl/dnnl_version.h /usr/include/oneapi/dnnl/dnnl_version.h 2>/dev/null | awk '{ printf "%s%s", s, $2; s = "." }'), training and decode beside their floors"
  echo
  echo "\`r1 ${gemm[*]}\`. Goal: geometric mean of ours / oneDNN at least 0.85."
  echo
  echo '```'
  "$r1" "${gemm[@]}"
  echo '```'
  echo
  echo "Floor of an amount of work: max(FLOP / FMA peak, bytes / copy bandwidth); the FLOP are those of \`src/model/flops.h\`:"
  echo "products with the weights that a token meets, attention over the tokens before it, backward twice the products and"
  echo "five attention products for two; nothing for norms, softmax, routing, sampling, recomputed logits."
  echo
  echo "## PyTorch on the same work"
  echo
  if "$python" -c 'import torch' 2>/dev/null; then
    echo "\`tests/peers/torch_toy.py\`: the same shapes, parameters, documents and answer lengths, in turn with \`r1 bench train\` and"
    echo "\`r1 bench rollout\`; medians of ${ROUNDS:-7} rounds of ${SECONDS_EACH:-3} s${PEER:+; $PEER}. Goals: training 2x, rollout 3x."
    for n in $threads 1; do
      echo
      echo "$n $([ "$n" = 1 ] && echo 'thread, CPU time' || echo 'threads, wall clock'):"
      echo
      # shellcheck disable=SC2086
      "$python" "${peer[@]}" --threads "$n" ${PEER:-}
    done
  else
    echo "Not measured: $python has no torch."
  fi
  echo
  echo "Load after: $(cut -d' ' -f1-3 /proc/loadavg)."
} >"$page"
cp "$page" "$out"
cat "$out"
