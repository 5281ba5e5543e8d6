#!/usr/bin/env python3
"""Runs `zhaoshen check` on every file of the malformed and odd corpora, each in a process of its own, and tells the slowest and the largest.

  benches/rubbish.py [BINARY] [SHARED]      default: target/release/zhaoshen and ../shared

Ends with 1 when a file panics, takes more than 2 s of CPU or 10 s of wall time (the machine may be busy), or more than 512 MB.
"""
import collections, json, os, pathlib, resource, subprocess, sys, tempfile, time

here = pathlib.Path(__file__).resolve().parent.parent
binary = sys.argv[1] if len(sys.argv) > 1 else str(here / "target/release/zhaoshen")
shared = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else os.environ.get("ZHAOSHEN_SHARED", here / "../shared"))
folders = [shared / "photos/malformed", shared / "photos/formats"]
if not all(folder.is_dir() for folder in folders):
    print(f"skipped: no corpora in {shared}", file=sys.stderr)
    sys.exit(0)
CPU_SECONDS, WALL_SECONDS, MEGABYTES = 2.0, 10.0, 512


def run(path):
    """Exit code, CPU seconds, wall seconds, peak MB, the object printed, and what was said on stderr."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        start = time.monotonic()
        child = subprocess.Popen([binary, "check", str(path), "--json"], stdout=out, stderr=err)
        _, status, used = os.wait4(child.pid, 0)
        took = time.monotonic() - start
        out.seek(0), err.seek(0)
        lines = out.read().decode().splitlines()
        cpu = used.ru_utime + used.ru_stime
        return os.waitstatus_to_exitcode(status), cpu, took, used.ru_maxrss / 1024, json.loads(lines[0]) if lines else {}, err.read().decode()


files = sorted(path for folder in folders for path in folder.rglob("*") if path.is_file())
rows, bad = [], []
for path in files:
    code, cpu, wall, peak, said, stderr = run(path)
    rows.append((cpu, peak, path.name, said.get("problem", said.get("status"))))
    if code not in (0, 1) or "panicked" in stderr or cpu > CPU_SECONDS or wall > WALL_SECONDS or peak > MEGABYTES:
        bad.append((path.name, code, f"{cpu:.2f} s CPU", f"{wall:.2f} s", f"{peak:.0f} MB", stderr[:200]))
print(f"{len(files)} files; slowest {max(rows)[0]:.2f} s of CPU ({max(rows)[2]}), largest {max(row[1] for row in rows):.0f} MB")
for word, count in sorted(collections.Counter(row[3] for row in rows).items(), key=str):
    print(f"  {word}: {count}")
for row in bad:
    print("BAD", *row)
sys.exit(1 if bad else 0)
