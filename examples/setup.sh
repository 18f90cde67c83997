#!/usr/bin/env bash
# What a fresh Debian or Ubuntu needs to build r1: installed through apt when it is missing, nothing twice.
# Sourced by quickstart.sh and tests/run.sh; defines r1_setup and r1_build PRESET [TARGET].
r1_packages="g++ cmake ninja-build libcli11-dev nlohmann-json3-dev libpcre2-dev catch2"

r1_setup() {
  local missing=""
  for package in $r1_packages; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q "ok installed" || missing="$missing $package"
  done
  [ -z "$missing" ] && return 0
  if ! command -v apt-get >/dev/null; then
    echo "r1: this script installs packages through apt-get, which is not here; install these yourself:$missing" >&2
    return 1
  fi
  local sudo=""
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || { echo "r1: missing packages:$missing; run as root, or install sudo" >&2; return 1; }
    sudo="sudo"
  fi
  echo "r1: installing through apt:$missing"
  $sudo apt-get update -qq && DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends $missing >/dev/null
}

# r1_build PRESET [TARGET]: configures once, builds with all cores (log in build/PRESET.log).
r1_build() {
  local preset=$1 target=${2:-all} start=$SECONDS
  mkdir -p build
  echo "r1: building preset $preset ($target)"
  if ! { cmake --preset "$preset" ${R1_CMAKE_ARGS:-} && cmake --build "build/$preset" --target "$target" -j "$(nproc)"; } >"build/$preset.log" 2>&1; then
    grep -E "error|FAILED" "build/$preset.log" | head -20 >&2
    echo "r1: the build failed; all of its output is in build/$preset.log" >&2
    return 1
  fi
  echo "r1: built in $((SECONDS - start)) s"
}
