#!/usr/bin/env python3
"""The desk over a thin line: a hundred decisions in a row, and how long each next picture is waited for.

usage: benches/thin.py [--program target/release/zhaoshen] [--decisions 100] [--look 0] [--kinds blocks,sixel,kitty] [--lines server,terminal,both]

300 ms there and back, 1 Mbit/s, and a stall of a second every twenty: between desk and server by a proxy, between desk and terminal by a terminal that
reads no faster (as over SSH), or both. The wait is from the key of the decision, typed as soon as the last picture is there and `--look` seconds after,
to the end of the frame that shows the next student's number, no word of loading, and the
picture that may be decided; what comes before it is a draft. The server is a stub whose photos have 250 KB in all
(preview 97, standard 97, portrait 58 KB). Runs of one kind share the machine, never the lines. Python 3 alone."""
import argparse, os, tempfile, threading, time

from desk_stub import HERE, UNIT, Stub, number
from desk_terminal import Line, Terminal, at_home, proxy, share, there

REFUSED = "还没有完整显示"
RATE, ONE_WAY, STALL, EVERY = 1_000_000, 0.150, 1.0, 20.0


def thin():
    return [Line(RATE, ONE_WAY, STALL, EVERY) for _ in range(2)]


def decide(program, kind, where, decisions, look, results):
    stub = Stub(decisions + 5)
    port, ways = stub.server_port, (None, None)
    if where in ("server", "both"):
        port = proxy(port, *thin())
    if where in ("terminal", "both"):
        ways = thin()
    waits, drafts, refusals = [], [], 0
    with tempfile.TemporaryDirectory() as home:
        terminal = Terminal(program, ["review"], at_home(home, f"http://127.0.0.1:{port}"), kind, up=ways[0], down=ways[1])
        for text, keys in ((UNIT, b"\r"), (number(1), b"\r")):
            assert terminal.wait_text(text, 60), terminal.screen.text()
            terminal.send(keys)
        assert terminal.wait(there(number(1), kind, 0, 0), 60), terminal.screen.text()
        began, sent = time.perf_counter(), (terminal.output, terminal.screen.picture_bytes)
        for n in range(1, decisions + 1):
            time.sleep(look)
            with terminal.change:
                before = terminal.screen.pictures, terminal.screen.frames
            draft, whole = (there(number(n + 1), kind, *before, draft=draft) for draft in (True, False))
            refused = lambda terminal: REFUSED in terminal.screen.text()
            pressed, first = time.perf_counter(), None
            # Another key in between: two presses of one key in a moment are a key held down.
            terminal.send(b"ka")
            while True:
                at = terminal.wait(lambda terminal: refused(terminal) or (whole if first else draft)(terminal), 60)
                assert at, f"{kind}, {where}, {n}:\n{terminal.screen.text()}"
                if refused(terminal) and not draft(terminal):
                    refusals += 1
                    terminal.send(b"c")
                    terminal.wait(lambda terminal: not refused(terminal), 60)
                    terminal.send(b"ka")
                    continue
                first = first or at
                if whole(terminal):
                    break
            drafts.append(first - pressed)
            waits.append(at - pressed)
        took, sent = time.perf_counter() - began, (terminal.output - sent[0], terminal.screen.picture_bytes - sent[1])
        terminal.leave()
    results[kind, where] = waits, drafts, refusals, took, sent, len(stub.decided)


options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
options.add_argument("--program", default=os.path.join(HERE, "target/release/zhaoshen"))
options.add_argument("--decisions", type=int, default=100)
options.add_argument("--look", type=float, default=0.0)
options.add_argument("--kinds", default="blocks,sixel,kitty")
options.add_argument("--lines", default="server,terminal,both")
options = options.parse_args()

results = {}
kinds, lines = options.kinds.split(","), options.lines.split(",")
for where in lines:
    runs = [threading.Thread(target=decide, args=(options.program, kind, where, options.decisions, options.look, results)) for kind in kinds]
    [run.start() for run in runs]
    [run.join() for run in runs]
print(f"{options.decisions} decisions in a row, {options.look:g} s of looking; 300 ms, 1 Mbit/s, a stall of {STALL:g} s every {EVERY:g}")
print("| thin is the line to | pictures | first picture, median | whole, median | p95 | worst | all took | KB a decision | pressed too early |")
print("|---|---|---|---|---|---|---|---|---|")
for where in lines:
    for kind in kinds:
        if (kind, where) not in results:
            print(f"| {where} | {kind} | failed | | | | | | |")
            continue
        waits, drafts, refusals, took, (sent, _), decided = results[kind, where]
        assert decided == options.decisions, f"{decided} decisions came to the server"
        tell = lambda seconds: f"{seconds:.2f} s"
        print(f"| {where} | {kind} | {tell(share(drafts, .5))} | {tell(share(waits, .5))} | {tell(share(waits, .95))} | {tell(max(waits))} | {took:.0f} s |"
              f" {sent / options.decisions / 1e3:.0f} | {refusals} |")
