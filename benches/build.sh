#!/usr/bin/env bash
# Time and size of a cold release build, in a target folder of its own.
# usage: benches/build.sh            (several minutes; downloads of crates are not counted: they are fetched first)
set -euo pipefail
cd "$(dirname "$0")/.."
target=$(mktemp -d)
trap 'rm -rf "$target"' EXIT
cargo fetch --locked --quiet
start=$(date +%s)
CARGO_TARGET_DIR=$target cargo build --release --locked --quiet
end=$(date +%s)
printf 'cold release build: %d s on %d cores, binary %.1f MB, of which weights %.1f MB\n' \
    "$((end - start))" "$(nproc)" \
    "$(stat -c %s "$target/release/zhaoshen" | awk '{print $1/1e6}')" \
    "$(cat models/*.onnx | wc -c | awk '{print $1/1e6}')"
