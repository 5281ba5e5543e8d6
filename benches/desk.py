#!/usr/bin/env python3
"""How quick the desk is in a terminal: first frame, key to first byte, bytes a key, memory.

usage: benches/desk.py [PROGRAM] [ROWS]      (target/release/zhaoshen, 10000)

A stub of the API on the loopback serves a queue of ROWS photos, so that the desk alone is measured; the terminal is a PTY of 120×36 that
answers as xterm does, once with sixel and once without pictures. Needs Python 3 alone. Read the figures as ratios of one run: the probe's
fixed wait (200 ms at most) is part of the first frame where the terminal is silent."""
import fcntl, glob, http.server, json, os, pty, select, socketserver, statistics, struct, sys, tempfile, termios, threading, time
from urllib.parse import parse_qs, urlparse

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PROGRAM = sys.argv[1] if len(sys.argv) > 1 else os.path.join(HERE, "target/release/zhaoshen")
ROWS = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000
PICTURES = [open(path, "rb").read() for path in sorted(glob.glob(os.path.join(HERE, "assets/specimens/p??.jpg")))]
COUNTS = dict(unit="a", unit_name="测量分院", students=ROWS, captured_students=ROWS, done_students=0, captured=0, standardized=0, machine_refused=0,
              pending=ROWS, correction_requested=0, held=0, approved=0, rejected=0, withdrawn=0, doubtful=0)


def ident(n):
    return f"00000000-0000-7000-8000-{n:012}"


def row(n):
    return dict(id=ident(n), season="s", unit="a", number=1, status="pending", version=1, submitted_at="2027-03-01T08:00:00Z", checks="pass",
                machine_reasons=[], band="same", student=dict(student_number=f"2027{n:07}", name="张*", id_number="9900**********0017"))


class Api(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, body, kind="application/json"):
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        url = urlparse(self.path)
        parts, query = url.path.strip("/").split("/"), parse_qs(url.query)
        if url.path == "/v1/sessions/current":
            self.answer(dict(id=ident(0), name="bench", role="reviewer", school="s"))
        elif url.path == "/v1/seasons":
            self.answer([dict(code="s", name="2027", rules=dict(preview_approval=True))])
        elif url.path == "/v1/progress":
            self.answer(dict(units=[COUNTS], whole=COUNTS | dict(unit=None)))
        elif url.path == "/v1/submissions":
            first, limit = int(query.get("cursor", ["1"])[0]), int(query.get("limit", ["100"])[0])
            page = dict(items=[row(n) for n in range(first, min(first + limit, ROWS + 1))])
            if first + limit <= ROWS:
                page["next"] = str(first + limit)
            self.answer(page)
        elif parts[-2:-1] == ["pictures"]:
            self.answer(PICTURES[int(parts[2][-12:]) % len(PICTURES)], "image/jpeg")
        else:
            self.answer(row(int(parts[2][-12:])) | dict(pictures=["preview", "standard", "portrait"], rendition=ident(1)))

    def do_POST(self):
        wanted = json.loads(self.rfile.read(int(self.headers["content-length"])))
        items = [row(int(name[-12:])) for name in wanted.get("only", []) + wanted.get("keep", [])]
        self.answer(dict(token=ident(7), until="2099-01-01T00:00:00Z", items=items))

    def do_DELETE(self):
        self.answer({})

    do_PUT = do_POST


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    disable_nagle_algorithm = True


class Terminal:
    ROWS, COLUMNS, WIDTH, HEIGHT = 36, 120, 9, 19

    def __init__(self, address, home, sixel):
        self.sixel = sixel
        token = os.path.join(home, "token")
        with open(os.open(token, os.O_CREAT | os.O_WRONLY, 0o600), "w") as file:
            file.write("token")
        environment = dict(PATH=os.environ["PATH"], HOME=home, TERM="xterm-256color", LANG="C.UTF-8", ZHAOSHEN_SERVER=address,
                           ZHAOSHEN_TOKEN_FILE=token, ZHAOSHEN_STATE_DIR=os.path.join(home, f"state{sixel}"))
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", self.ROWS, self.COLUMNS, self.COLUMNS * self.WIDTH, self.ROWS * self.HEIGHT))
        self.start, self.output, self.times = time.perf_counter(), b"", []
        self.process = os.fork()
        if self.process == 0:
            os.setsid()
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
            for fd in range(3):
                os.dup2(slave, fd)
            os.close(self.master)
            os.execve(PROGRAM, [PROGRAM, "review"], environment)
        os.close(slave)

    def reply(self, piece):
        if b"\x1b[c" in piece:
            replies = {b"\x1b[14t": b"\x1b[4;%d;%dt" % (self.ROWS * self.HEIGHT, self.COLUMNS * self.WIDTH), b"\x1b[16t": b"\x1b[6;%d;%dt" % (self.HEIGHT, self.WIDTH)}
            for query, answer in replies.items():
                if query in piece:
                    os.write(self.master, answer)
            os.write(self.master, b"\x1b[?62;4;22c" if self.sixel else b"\x1b[?62;22c")

    def read(self, quiet, longest=20.0, until=None):
        """Reads until nothing came for `quiet` seconds, or `until` stands in what came."""
        end = last = time.perf_counter()
        end += longest
        while time.perf_counter() < end and time.perf_counter() - last < quiet:
            if select.select([self.master], [], [], 0.005)[0]:
                try:
                    piece = os.read(self.master, 1 << 16)
                except OSError:
                    return
                last = time.perf_counter()
                self.output += piece
                self.times.append((len(self.output), last))
                self.reply(piece)
            if until and until in self.output:
                return

    def press(self, key, quiet=0.12):
        self.output, self.times = b"", []
        pressed = time.perf_counter()
        os.write(self.master, key)
        self.read(quiet)
        first = (self.times[0][1] - pressed) * 1e3 if self.times else None
        return first, len(self.output), self.output.count(b"\x1bP") + self.output.count(b"\x1b_G")

    def status(self, field):
        with open(f"/proc/{self.process}/status") as file:
            return next(int(line.split()[1]) / 1024 for line in file if line.startswith(field))

    def seconds(self):
        with open(f"/proc/{self.process}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def quantiles(values):
    values = sorted(value for value in values if value is not None)
    at = lambda share: values[min(len(values) - 1, int(len(values) * share))]
    return f"p50 {at(.5):.2f}  p95 {at(.95):.2f}  p99 {at(.99):.2f} ms (n {len(values)})"


server = Server(("127.0.0.1", 0), Api)
threading.Thread(target=server.serve_forever, daemon=True).start()
address = f"http://127.0.0.1:{server.server_port}"
with tempfile.TemporaryDirectory() as home:
    for sixel in (True, False):
        terminal = Terminal(address, home, sixel)
        terminal.read(0.5, until="测量分院".encode())
        print(f"{'sixel' if sixel else 'cells'}: queue of {ROWS}")
        print(f"  first frame with the units: {(terminal.times[-1][1] - terminal.start) * 1e3:.0f} ms after the start")
        terminal.read(0.3)
        opened = terminal.press(b"\r", 0.4)[0]
        print(f"  opening the queue, key to first byte: {opened:.2f} ms")
        moves = [terminal.press(b"j") for _ in range(60)]
        print(f"  a step in the queue: {quantiles(m[0] for m in moves)}, {statistics.median(m[1] for m in moves):.0f} bytes, {sum(m[2] for m in moves)} pictures")
        terminal.press(b"\r", 1.0)
        steps = [terminal.press(b"n", 0.4) for _ in range(20)]
        print(f"  the next photo: {quantiles(s[0] for s in steps)}, {statistics.median(s[1] for s in steps) / 1e3:.0f} KB, {sum(s[2] for s in steps)} pictures")
        used, began = terminal.seconds(), time.perf_counter()
        terminal.read(9.0, longest=3.0)
        idle = (terminal.seconds() - used) / (time.perf_counter() - began)
        print(f"  memory {terminal.status('VmRSS'):.0f} MB (peak {terminal.status('VmHWM'):.0f}), idle {idle * 100:.1f} % of a core")
        os.write(terminal.master, b"\x03")
        terminal.read(0.3)
        os.waitpid(terminal.process, 0)
