#!/bin/sh
# CPU milliseconds and peak memory a photo of `zhaoshen standardize`, over the portraits and specimens of a shared folder.
#   benches/standardize.sh [BINARY] [SHARED]      default: target/release/zhaoshen and ../shared
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
binary=${1:-$here/target/release/zhaoshen}
shared=${2:-${ZHAOSHEN_SHARED:-$here/../shared}}
if [ ! -d "$shared/photos/portraits" ]; then
    echo "skipped: no portraits in $shared" >&2
    exit 0
fi
exec python3 - "$binary" "$shared" <<'PYTHON'
import glob, os, resource, subprocess, sys, tempfile, time

binary, shared = sys.argv[1:]


def run(files):
    """CPU ms, wall ms and peak MB of one process over these files."""
    with tempfile.TemporaryDirectory() as out:
        start = time.monotonic()
        child = subprocess.Popen([binary, "standardize", *files, "-o", out, "--json"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, used = os.wait4(child.pid, 0)
        # 1: some of them were refused.
        if os.waitstatus_to_exitcode(status) not in (0, 1) or not os.listdir(out):
            sys.exit("the program failed")
        return 1000 * (used.ru_utime + used.ru_stime), 1000 * (time.monotonic() - start), used.ru_maxrss / 1024


portraits = sorted(glob.glob(f"{shared}/photos/portraits/*"))
specimens = sorted(glob.glob(f"{shared}/specimen/p[0-9][0-9].jpg"))
for name, files in ("portraits", portraits), ("specimens", specimens):
    if not files:
        continue
    cpu, wall, peak = run(files)
    print(f"{name}: {len(files)} in one process: {cpu / len(files):.0f} CPU ms a photo, {wall / len(files):.0f} ms a photo, peak {peak:.0f} MB")
if specimens:
    singles = [run([path]) for path in specimens[:8]]
    cpu, wall, peak = (sorted(column)[len(singles) // 2] for column in zip(*singles))
    print(f"one photo a process: median {cpu:.0f} CPU ms, {wall:.0f} ms from start to end, peak {peak:.0f} MB")
PYTHON
