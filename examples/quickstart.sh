#!/usr/bin/env bash
# R1-Zero in one command: installs what is missing, builds, and runs reinforcement learning with rule rewards alone on
# the toy world math-1. Prints a table and says where the report is.
#   bash examples/quickstart.sh                  from the shipped base (data/math-1-base): on two cores 4 minutes to build, 5 to learn
#   bash examples/quickstart.sh --from-scratch   makes that base first: about 10 minutes more
# Seed 100 throughout: the first row of the table in paper_notes/results/math-1.md.
set -euo pipefail
cd "$(dirname "$0")/.."
source examples/setup.sh
r1_setup
r1_build cpu r1
r1=build/cpu/r1
name=runs/quickstart-$(date +%Y%m%d-%H%M%S)
base=data/math-1-base
if [ "${1:-}" = --from-scratch ] || [ ! -f "$base/model.safetensors" ]; then
  base=$name-base/model
  "$r1" pretrain --seed 100 --run "$name-base" --out "$base" --config examples/configs/math-1.json
fi
"$r1" r1-zero --seed 100 --base "$base" --run "$name" --out "$name/model" --config examples/configs/math-1.json
