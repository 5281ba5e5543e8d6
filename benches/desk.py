#!/usr/bin/env python3
"""How quick the desk is in a terminal, and how little it sends: every figure of docs/desk.md in one run, beside its goal.

usage: benches/desk.py [--program target/release/zhaoshen] [--rows 100000] [--photos 2000] [--only PART,…]

Parts: start list picture next hold memory. A stub of the API on the loopback serves a unit of so many photos, so that the desk alone is measured; the
terminal is a PTY that answers as the named kinds do, with cells of 10×20 pixels. Read the figures as ratios of one run. Python 3 alone."""
import argparse, os, tempfile, time

from desk_stub import HERE, UNIT, Stub, number
from desk_terminal import BLOCKS, Terminal, at_home, share, there

options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
options.add_argument("--program", default=os.path.join(HERE, "target/release/zhaoshen"))
options.add_argument("--rows", type=int, default=100_000)
options.add_argument("--photos", type=int, default=2_000)
options.add_argument("--only", default="start,list,picture,next,hold,memory")
options = options.parse_args()
parts = options.only.split(",")
home = tempfile.TemporaryDirectory()
runs = 0


def desk(stub, kind, columns=120, rows=36):
    global runs
    runs += 1
    environment = at_home(home.name, f"http://127.0.0.1:{stub.server_port}", f"state{runs}")
    return Terminal(options.program, ["review"], environment, kind, columns, rows)


def review(terminal, kind, first=1):
    """Opens the unit's queue and its first photo."""
    for text in (UNIT, number(first)):
        assert terminal.wait_text(text, 60), terminal.screen.text()
        terminal.send(b"\r")
    assert terminal.wait(there(number(first), kind, 0, 0), 60), terminal.screen.text()
    terminal.quiet(0.4)


def row(what, measured, goal="", others=""):
    print(f"| {what} | {measured} | {goal} | {others} |", flush=True)


def quantiles(values):
    values = [value for value in values if value is not None]
    return "p50 {:.2f}, p95 {:.2f}, p99 {:.2f} ms ({} keys)".format(*(share(values, of) for of in (0.5, 0.95, 0.99)), len(values))


print("| what | measured | goal | others, measured elsewhere |\n|---|---|---|---|")

if "start" in parts:
    stub = Stub(options.rows)
    for kind in ("blocks", "sixel", "silent"):
        times = []
        for _ in range(7):
            terminal = desk(stub, kind)
            at = terminal.wait_text(UNIT, 30)
            times.append((at - terminal.start) * 1e3)
            terminal.leave()
        others = dict(sixel="yazi: first list 50 ms", silent="yazi 2.1 s; viuer waits for ever").get(kind, "")
        name = "that never answers" if kind == "silent" else f"with {kind}"
        row(f"first frame with the units, terminal {name}", f"{share(times, .5):.0f} ms (worst of 7: {max(times):.0f})", "≤ 50 ms", others)

if "list" in parts:
    stub = Stub(options.rows)
    terminal = desk(stub, "sixel")
    assert terminal.wait_text(UNIT, 30)
    terminal.quiet(0.3)
    began = time.perf_counter()
    terminal.send(b"\r")
    at = terminal.wait_text(number(1), 30)
    row("opening the queue", f"{(at - began) * 1e3:.0f} ms", "", "")
    terminal.quiet(0.2)
    began = time.perf_counter()
    terminal.send(b"\x1b[F")
    at = terminal.wait_text(number(options.rows), 300)
    assert at, terminal.screen.text()
    row(f"to the end of {options.rows:,} rows, by pages of 100", f"{at - began:.1f} s", "", "")
    terminal.quiet(0.3)
    moves = [terminal.press(b"k", 0.06) for _ in range(200)] + [terminal.press(b"j", 0.06) for _ in range(100)]
    row(f"key to first byte in a list of {options.rows:,}", quantiles([move[0] for move in moves]), "p95 ≤ 5 ms",
        "yazi p50 4, p95 6; lf 1.3; vim 0.17; ratatui-image 0.45; viuer 48–79 ms")
    sizes = [move[1] for move in moves]
    row("bytes per cursor move", f"median {share(sizes, .5)}, most {max(sizes)}", "≤ 500", "yazi 440; ratatui-image about 300; viuer 63–150 KB")
    row("bytes of pictures among them", sum(move[3] for move in moves), "0", "")
    used, began = terminal.seconds(), time.perf_counter()
    time.sleep(10)
    row("processor while idle for 10 s", f"{(terminal.seconds() - used) / (time.perf_counter() - began) * 100:.1f} %", "≈ 0", "yazi 0.2 %")
    row(f"memory with {options.rows:,} rows loaded", f"{terminal.status('VmRSS'):.0f} MB", "", "")
    terminal.leave()


def spot(terminal):
    """Columns and rows that the picture of cells covers."""
    with terminal.change:
        at = [(x, y) for y, line in enumerate(terminal.screen.cells) for x, c in enumerate(line) if c in BLOCKS]
    if not at:
        return 0, 0
    return tuple(max(place[axis] for place in at) - min(place[axis] for place in at) + 1 for axis in (0, 1))


def size_for(stub, wanted=(24, 16)):
    """The size of terminal at which one picture alone covers 24 × 16 cells: 240 × 320 pixels."""
    nearest = None
    for rows in range(wanted[1] + 3, wanted[1] + 16):
        terminal = desk(stub, "blocks", 100, rows)
        review(terminal, "blocks")
        terminal.press(b"2", 0.3)
        found = spot(terminal)
        terminal.leave()
        off = abs(found[1] - wanted[1])
        # A dark edge of the picture may be blank.
        if nearest is None or off < nearest[0]:
            nearest = (off, rows, found)
        if off == 0:
            break
    return nearest[1:]


if "picture" in parts:
    stub = Stub(50)
    rows, found = size_for(stub)
    goals = dict(kitty="≤ 25 KB", iterm2="≤ 25 KB", sixel="≤ 70 KB", blocks="≤ 15 KB", blocks256="≤ 15 KB")
    others = dict(kitty="raw 411 KB; yazi 848 KB at 396×528", iterm2="JPEG q75 21 KB", sixel="256 colours 158 KB; yazi 197 KB at 396×528",
                  blocks="", blocks256="quadrants 15 KB; chafa in yazi 37 KB")
    for kind in goals:
        terminal = desk(stub, kind, 100, rows)
        review(terminal, kind)
        terminal.press(b"2", 0.5)
        steps = [terminal.press(b"n", 0.35) for _ in range(12)]
        terminal.leave()
        sizes = [step[3] / max(1, step[2]) if kind in ("kitty", "iterm2", "sixel") else step[1] for step in steps]
        row(f"bytes of a picture of {found[0]}×{found[1]} cells ({found[0] * 10}×{found[1] * 20} pixels), {kind}",
            f"median {share(sizes, .5) / 1e3:.1f} KB, most {max(sizes) / 1e3:.1f}", goals[kind], others[kind])

if "next" in parts:
    for kind in ("blocks", "sixel", "kitty", "iterm2"):
        stub = Stub(80)
        terminal = desk(stub, kind)
        review(terminal, kind)
        waits, sent = [], terminal.output
        for n in range(1, 61):
            terminal.quiet(0.35)
            with terminal.change:
                before = terminal.screen.pictures, terminal.screen.frames
            pressed = time.perf_counter()
            terminal.send(b"ka")
            at = terminal.wait(there(number(n + 1), kind, *before), 20)
            assert at, terminal.screen.text()
            waits.append((at - pressed) * 1e3)
        row(f"decision to next picture complete, prefetched, {kind}",
            f"p50 {share(waits, .5):.1f}, p95 {share(waits, .95):.1f}, worst {max(waits):.1f} ms; {(terminal.output - sent) / 60e3:.0f} KB each",
            "≤ 20 ms", dict(sixel="yazi 95 / 106 ms", kitty="yazi 85 / 127 ms", blocks="yazi by chafa 58 / 66 ms").get(kind, ""))
        terminal.leave()

if "hold" in parts:
    stub = Stub(200)
    terminal = desk(stub, "sixel")
    assert terminal.wait_text(UNIT, 30)
    terminal.send(b"\r")
    assert terminal.wait_text(number(1), 30)
    terminal.quiet(0.3)

    def hold(key):
        before = terminal.screen.pictures
        for turn in range(50):
            terminal.send(key)
            time.sleep(0.5 if turn == 0 else 0.033)
        terminal.quiet(0.6)
        return terminal.screen.pictures - before

    row("pictures sent while a key is held for 50 items, list", hold(b"j"), "0", "")
    for _ in range(60):
        terminal.send(b"k")
    terminal.send(b"\r")
    assert terminal.wait(there(number(1), "sixel", 0, 0), 30), terminal.screen.text()
    terminal.quiet(0.5)
    shown = terminal.press(b"2", 0.5)
    row("the same among photos, one picture alone on the screen", hold(b"n"), "1", "yazi 1")
    terminal.press(b"2", 0.5)
    decided = len(stub.decided)
    hold(b"a")
    row("decisions made by holding the key of approval", len(stub.decided) - decided, "≤ 1", "")
    terminal.leave()

if "memory" in parts:
    stub = Stub(options.photos + 10)
    terminal = desk(stub, "sixel")
    review(terminal, "sixel")
    marks, at = [], {min(options.photos, n): None for n in (100, 500, 1000, 1500, options.photos)}
    began = time.perf_counter()
    for n in range(1, options.photos + 1):
        with terminal.change:
            before = terminal.screen.pictures, terminal.screen.frames
        terminal.send(b"n")
        assert terminal.wait(there(number(n + 1), "sixel", *before), 30), terminal.screen.text()
        if n in at:
            marks.append(f"{n:,}: {terminal.status('VmRSS'):.0f} MB")
    row(f"memory after so many photos, sixel ({time.perf_counter() - began:.0f} s)", ", ".join(marks) + f", peak {terminal.status('VmHWM'):.0f}", "flat",
        "yazi 89 MB after 200")
    terminal.leave()
home.cleanup()
