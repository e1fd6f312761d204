#!/usr/bin/env bash
# Runs every fuzz target (or those named) for a while (20 seconds, or the seconds and runs given) on one core, from its seeds:
# fuzz-smoke.sh [SECONDS [RUNS [TARGET…]]]
# Without a nightly toolchain it says so and ends well: the main workspace doesn't need it. cargo-fuzz is installed when it isn't there.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds="${1:-20}"
runs="${2:--1}"
shift "$(($# < 2 ? $# : 2))"
skip() { echo "fuzz smoke skipped: $1"; exit 0; }
cargo +nightly --version >/dev/null 2>&1 || skip 'no nightly toolchain (rustup toolchain install nightly)'
cargo fuzz --version >/dev/null 2>&1 || cargo install cargo-fuzz --locked || skip 'cargo-fuzz is not there and could not be installed'
# A folder of its own: nightly and stable builds would throw each other out.
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/fuzz/target}/fuzz"
export RUSTC_WRAPPER="$PWD/fuzz/rustc.sh"
cargo +nightly fuzz build -s none
if [ $# -eq 0 ]; then
  mapfile -t all < <(cargo +nightly fuzz list)
  set -- "${all[@]}"
fi
passed=0
failed=0
for target; do
  mkdir -p "fuzz/corpus/$target"
  log="$(mktemp)"
  if cargo +nightly fuzz run -s none "$target" "fuzz/corpus/$target" "fuzz/seeds/$target" -- \
    -max_total_time="$seconds" -runs="$runs" -print_final_stats=1 -timeout=20 -rss_limit_mb=2048 >"$log" 2>&1; then
    passed=$((passed + 1))
    echo "$target: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") executions"
  else
    failed=$((failed + 1))
    tail -n 40 "$log"
    echo "$target: FAILED"
  fi
  rm -f "$log"
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
