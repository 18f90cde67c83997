#!/usr/bin/env bash
# Measures everything on the page paper_notes/results/math_verifier.md and writes the page anew: the labelled set, data of
# others with a reason for each disagreement, the long fuzz run, and math-verify in turn with us.
#   bash tests/peers/verify.sh                                   build/cpu/r1, math-verify of python3 if it has it
#   PYTHON=/tmp/venv/bin/python bash tests/peers/verify.sh       (python3 -m venv /tmp/venv; pip install math-verify)
#   FUZZ=1000000 ROUNDS=3 R1=build/cpu/r1 TESTS=build/cpu/tests/r1_tests OUT=page.md
set -euo pipefail
cd "$(dirname "$0")/../.."
r1=${R1:-build/cpu/r1} tests=${TESTS:-build/cpu/tests/r1_tests} python=${PYTHON:-python3}
out=${OUT:-paper_notes/results/math_verifier.md} shared=${R1_SHARED_DATA:-../shared/data}
page=$(mktemp)
trap 'rm -f "$page"' EXIT
{
  echo "# The math verifier"
  echo
  echo "Written by \`bash tests/peers/verify.sh\`; do not edit by hand. Machine: $(grep -m1 'model name' /proc/cpuinfo | cut -d: -f2 | xargs),"
  echo "$(nproc) cores, $(uname -sr); $(date -u +%Y-%m-%d); code $(git describe --always --dirty 2>/dev/null || echo unknown); load of the machine (1, 5, 15 minutes)"
  echo "before: $(cut -d' ' -f1-3 /proc/loadavg). What the verdicts mean: [rewards.md](../rewards.md)."
  echo
  echo "## Our labelled set"
  echo
  echo '```'
  "$r1" verify --file tests/rewards/math/pairs/pairs.jsonl
  echo '```'
  echo
  echo "## Data of others"
  echo
  if [ -d "$shared/gsm8k" ]; then
    python3 tests/peers/verify.py data --r1 "$r1" --shared "$shared"
  else
    echo "Not measured: no $shared."
  fi
  echo "## Fuzzing"
  echo
  if [ -x "$tests" ]; then
    echo "\`R1_FUZZ=${FUZZ:-1000000} r1_tests -# '[#math_fuzz_test]'\`: grammar-made texts and mutations of the labelled set, one verdict each."
    echo
    echo '```'
    R1_FUZZ=${FUZZ:-1000000} /usr/bin/time -v "$tests" -# '[#math_fuzz_test]' 2>&1 |
      grep -E 'verdicts:|p50|p99|memory|fuel|passed|failed|Maximum resident|Elapsed' | sed 's/^ *//' | cut -c1-300
    echo '```'
  else
    echo "Not measured: no $tests."
  fi
  echo
  echo "## Random expressions against mpmath with 60 digits"
  echo
  if "$python" -c 'import mpmath' 2>/dev/null; then
    echo "\`tests/peers/verify_oracle.py --seed N\`: numbers and functions of x and y; what is called equal must be equal, what is called"
    echo "different must differ; unknown is neither."
    echo
    echo '```'
    for seed in 1 2 3; do "$python" tests/peers/verify_oracle.py --r1 "$r1" --seed $seed || true; done
    echo '```'
  else
    echo "Not measured: $python has no mpmath."
  fi
  echo
  echo "## Beside math-verify"
  echo
  if "$python" -c 'import math_verify' 2>/dev/null; then
    "$python" tests/peers/verify.py speed --r1 "$r1" --rounds "${ROUNDS:-3}" --shared "$shared"
  else
    echo "Not measured: $python has no math-verify."
  fi
  echo
  echo "Load after: $(cut -d' ' -f1-3 /proc/loadavg)."
} >"$page"
cp "$page" "$out"
cat "$out"
