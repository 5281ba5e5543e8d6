"""A terminal for measuring the desk: a PTY that answers as a named terminal does, an emulator of what ratatui writes, and lines that are slow. Python 3
alone."""
import collections, fcntl, os, pty, queue, re, struct, termios, threading, time, unicodedata

# What a terminal says of itself: device attributes, name, whether it answers for kitty's graphics, and what its environment says.
KINDS = dict(
    blocks=(b"\x1b[?62;22c", None, False, dict(COLORTERM="truecolor")),
    blocks256=(b"\x1b[?62;22c", None, False, {}),
    sixel=(b"\x1b[?62;4;22c", b"XTerm(379)", False, {}),
    kitty=(b"\x1b[?62;22c", b"kitty(0.42.0)", True, dict(TERM="xterm-kitty", COLORTERM="truecolor")),
    iterm2=(b"\x1b[?62;22c", b"iTerm2 3.5.0", False, dict(TERM_PROGRAM="iTerm.app", COLORTERM="truecolor")),
    silent=(None, None, False, {}),
)
CELL = (10, 20)
ASKED = re.compile(rb"\x1b\[(c|0c|5n|6n|14t|16t|18t|>q|>0q)|\x1b\]11;\?(?:\x07|\x1b\\)|\x1b_G([^;\x1b]*a=q[^;\x1b]*)")
BLOCKS = set(map(chr, range(0x2580, 0x25A0)))
PLACEHOLDER = "\U0010eeee"


class Line:
    """One direction of a slow line: so many bits a second for all that goes over it, a delay, and a stall of `stall` seconds every `every`."""

    def __init__(self, rate=None, delay=0.0, stall=0.0, every=0.0):
        self.rate, self.delay, self.stall, self.every = rate, delay, stall, every
        self.free, self.lock, self.start, self.bytes = 0.0, threading.Lock(), time.monotonic(), 0

    def arrival(self, length):
        """When so many bytes that are sent now have come."""
        with self.lock:
            begin = max(time.monotonic(), self.free)
            if self.every:
                into = (begin - self.start) % self.every
                begin += max(0.0, self.stall - into) if begin - self.start > self.every else 0.0
            self.free = begin + (length * 8 / self.rate if self.rate else 0.0)
            self.bytes += length
            return self.free + self.delay


class Pipe:
    """Carries pieces over a line, in order; no more than `window` bytes are under way, as TCP would have it."""

    def __init__(self, line, deliver, window=64 << 10):
        self.line, self.deliver, self.window = line, deliver, window
        self.queue, self.under_way, self.change, self.closed = collections.deque(), 0, threading.Condition(), False
        threading.Thread(target=self.run, daemon=True).start()

    def send(self, piece):
        with self.change:
            while self.under_way >= self.window and not self.closed:
                self.change.wait()
            self.queue.append((self.line.arrival(len(piece)), piece))
            self.under_way += len(piece)
            self.change.notify_all()

    def close(self):
        with self.change:
            self.queue.append((0, None))
            self.change.notify_all()

    def run(self):
        while True:
            with self.change:
                while not self.queue:
                    self.change.wait()
                at, piece = self.queue.popleft()
            if piece is not None:
                time.sleep(max(0.0, at - time.monotonic()))
            try:
                self.deliver(piece)
            except OSError:
                piece = None
            with self.change:
                self.under_way -= len(piece or b"")
                self.closed |= piece is None
                self.change.notify_all()
            if piece is None:
                return


def proxy(port, up, down):
    """A TCP proxy before a port of the loopback whose connections share two lines. Returns its port."""
    import socket

    listener = socket.create_server(("127.0.0.1", 0))

    def one_way(source, target, line):
        def deliver(piece):
            target.shutdown(socket.SHUT_WR) if piece is None else target.sendall(piece)

        pipe = Pipe(line, deliver)
        try:
            while piece := source.recv(1448):
                pipe.send(piece)
        except OSError:
            pass
        pipe.close()

    def accept():
        while True:
            client, _ = listener.accept()
            # A connection costs a round trip before its first byte.
            def join(client=client):
                time.sleep(up.delay + down.delay)
                server = socket.create_connection(("127.0.0.1", port))
                for each in (client, server):
                    each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=one_way, args=(client, server, up), daemon=True).start()
                threading.Thread(target=one_way, args=(server, client, down), daemon=True).start()

            threading.Thread(target=join, daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return listener.getsockname()[1]


class Screen:
    """As much of a terminal as ratatui uses: the cursor is placed, text is written, lines are cleared; everything else is passed over and pictures
    are counted."""

    STRING = {ord("]"): "osc", ord("P"): "dcs", ord("_"): "apc"}

    def __init__(self, columns, rows):
        self.columns, self.rows, self.x, self.y = columns, rows, 0, 0
        self.cells = [[" "] * columns for _ in range(rows)]
        self.rest, self.pictures, self.picture_bytes, self.frames, self.continued = b"", 0, 0, 0, False
        self.drawing, self.saved = False, (0, 0)

    def text(self):
        return "\n".join("".join(line) for line in self.cells)

    def feed(self, data):
        data, at = self.rest + data, 0
        self.rest = b""
        while at < len(data):
            if data[at] == 0x1B:
                end = self.escape(data, at)
                if end is None:
                    self.rest = data[at:]
                    return
                at = end
                continue
            stop = data.find(b"\x1b", at)
            stop = len(data) if stop < 0 else stop
            piece = data[at:stop]
            if stop == len(data):  # A character may be cut in two.
                for back in range(1, min(4, len(piece)) + 1):
                    if piece[-back] >= 0xC0:
                        if len(piece[-back:].decode("utf-8", "ignore")) == 0:
                            self.rest = piece[-back:]
                            piece = piece[:-back]
                        break
                    if piece[-back] < 0x80:
                        break
            self.write(piece.decode("utf-8", "replace"))
            at = stop

    def escape(self, data, at):
        if at + 1 >= len(data):
            return None
        kind = data[at + 1]
        if kind in self.STRING:
            ends = [end for end in (data.find(b"\x1b\\", at + 2), data.find(b"\x07", at + 2) if kind == ord("]") else -1) if end >= 0]
            if not ends:
                return None
            end = min(ends)
            end += 1 if data[end] == 7 else 2
            self.picture(self.STRING[kind], data[at + 2 : end], end - at)
            return end
        if kind == ord("7"):
            self.saved = self.x, self.y
        elif kind == ord("8"):
            self.x, self.y = self.saved
        if kind != ord("["):
            return at + 2
        end = at + 2
        while end < len(data) and not 0x40 <= data[end] <= 0x7E:
            end += 1
        if end >= len(data):
            return None
        self.csi(data[at + 2 : end].decode("latin-1"), chr(data[end]))
        return end + 1

    def picture(self, kind, body, length):
        if kind == "apc" and body.startswith(b"G"):
            keys = body[1:].split(b";")[0].split(b",")
            if b"a=q" in keys:
                return
            self.picture_bytes += length
            if not self.continued and (b"a=T" in keys or b"a=t" in keys):
                self.pictures += 1
            self.continued = b"m=1" in keys
        elif kind == "dcs" and re.match(rb"[0-9;]*q", body) or kind == "osc" and body.startswith(b"1337;File="):
            self.pictures += 1
            self.picture_bytes += length

    def csi(self, parameters, final):
        if parameters[:1] in "?>=<" and parameters:
            if parameters == "?2026":
                self.drawing = final == "h"
                self.frames += final == "l"
            return
        numbers = [int(n) if n.isdigit() else 0 for n in parameters.split(";")] if parameters else [0]
        n = max(1, numbers[0])
        if final in "Hf":
            self.y = min(self.rows, n) - 1
            self.x = min(self.columns, max(1, numbers[1] if len(numbers) > 1 else 1)) - 1
        elif final == "A":
            self.y = max(0, self.y - n)
        elif final == "B":
            self.y = min(self.rows - 1, self.y + n)
        elif final == "C":
            self.x = min(self.columns - 1, self.x + n)
        elif final == "D":
            self.x = max(0, self.x - n)
        elif final == "G":
            self.x = min(self.columns, n) - 1
        elif final == "X":
            self.cells[self.y][self.x : self.x + n] = [" "] * len(self.cells[self.y][self.x : self.x + n])
        elif final == "J" and numbers[0] == 2:
            self.cells = [[" "] * self.columns for _ in range(self.rows)]
        elif final == "K":
            ends = {0: (self.x, self.columns), 1: (0, self.x + 1), 2: (0, self.columns)}
            first, last = ends.get(numbers[0], (0, 0))
            self.cells[self.y][first:last] = [" "] * (last - first)

    def write(self, text):
        for c in text:
            if c == "\r":
                self.x = 0
            elif c == "\n":
                self.y = min(self.rows - 1, self.y + 1)
            elif c == "\b":
                self.x = max(0, self.x - 1)
            elif c >= " " and not unicodedata.combining(c):
                wide = unicodedata.east_asian_width(c) in "WF"
                if self.x < self.columns:
                    self.cells[self.y][self.x] = c
                    if wide and self.x + 1 < self.columns:
                        self.cells[self.y][self.x + 1] = ""
                self.x = min(self.columns, self.x + 1 + wide)


class Terminal:
    """The desk in a terminal. What it writes is seen as it comes over the line; what is typed goes over the other one."""

    def __init__(self, program, arguments, environment, kind, columns=120, rows=36, up=None, down=None):
        self.attributes, self.version, self.graphics, named = KINDS[kind]
        self.columns, self.rows, self.screen = columns, rows, Screen(columns, rows)
        self.change, self.output, self.arrivals, self.ended, self.tail = threading.Condition(), 0, [], False, b""
        self.master, slave = pty.openpty()
        pixels = (columns * CELL[0], rows * CELL[1]) if self.attributes else (0, 0)
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, *pixels))
        self.start = time.perf_counter()
        self.process = os.fork()
        if self.process == 0:
            os.setsid()
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
            for fd in range(3):
                os.dup2(slave, fd)
            os.close(self.master)
            os.execve(program, [program, *arguments], dict(TERM="xterm-256color") | environment | named)
        os.close(slave)
        self.up = Pipe(up, self.key_comes) if up else None
        self.down = Pipe(down, self.comes, window=256 << 10) if down else None
        # Time is taken where bytes come; reading them must not hold up the next ones.
        self.pieces = queue.SimpleQueue()
        threading.Thread(target=self.look, daemon=True).start()
        threading.Thread(target=self.read, daemon=True).start()

    def look(self):
        while True:
            at, piece = self.pieces.get()
            self.take(at, piece)
            if not piece:
                return

    def key_comes(self, piece):
        if piece is not None:
            os.write(self.master, piece)

    def send(self, keys):
        self.up.send(keys) if self.up else os.write(self.master, keys)

    def read(self):
        while True:
            try:
                piece = os.read(self.master, 4096 if self.down else 1 << 16)
            except OSError:
                piece = b""
            if self.down:
                self.down.send(piece) if piece else self.down.close()
            else:
                self.comes(piece)
            if not piece:
                return

    def comes(self, piece):
        self.pieces.put((time.perf_counter(), piece))

    def take(self, at, piece):
        with self.change:
            if not piece:
                self.ended = True
            else:
                self.arrivals.append((at, len(piece)))
                self.output += len(piece)
                for question in ASKED.finditer(self.tail + piece):
                    if question.end() > len(self.tail):
                        self.reply(question)
                self.tail = (self.tail + piece)[-64:]
                self.screen.feed(piece)
            self.change.notify_all()

    def reply(self, question):
        asked, graphics = question.group(1), question.group(2)
        if self.attributes is None:
            return
        answer = None
        if graphics is not None:
            name = re.search(rb"i=(\d+)", graphics)
            answer = b"\x1b_Gi=%s;OK\x1b\\" % name.group(1) if self.graphics and name else None
        elif asked is None:
            answer = b"\x1b]11;rgb:0000/0000/0000\x1b\\"
        elif asked in (b"c", b"0c"):
            answer = self.attributes
        elif asked == b"5n":
            answer = b"\x1b[0n"
        elif asked == b"6n":
            answer = b"\x1b[1;2R"
        elif asked == b"14t":
            answer = b"\x1b[4;%d;%dt" % (self.rows * CELL[1], self.columns * CELL[0])
        elif asked == b"16t":
            answer = b"\x1b[6;%d;%dt" % CELL[::-1]
        elif asked == b"18t":
            answer = b"\x1b[8;%d;%dt" % (self.rows, self.columns)
        elif self.version:
            answer = b"\x1bP>|%s\x1b\\" % self.version
        if answer:
            self.send(answer)

    def wait(self, wanted, longest=30.0):
        """Waits until `wanted(terminal)` holds; returns when, or None."""
        end = time.perf_counter() + longest
        with self.change:
            while not wanted(self):
                left = end - time.perf_counter()
                if left <= 0 or self.ended:
                    return None
                self.change.wait(left)
            return self.arrivals[-1][0] if self.arrivals else time.perf_counter()

    def wait_text(self, text, longest=30.0):
        return self.wait(lambda terminal: text in terminal.screen.text(), longest)

    def quiet(self, seconds, longest=20.0):
        """Waits until nothing has come for so long."""
        end = time.perf_counter() + longest
        while time.perf_counter() < end:
            with self.change:
                last = self.arrivals[-1][0] if self.arrivals else self.start
            left = last + seconds - time.perf_counter()
            if left <= 0:
                return
            time.sleep(left)

    def press(self, keys, quiet=0.1):
        """Types, waits for quiet; returns milliseconds to the first byte, bytes, pictures, and bytes of pictures."""
        with self.change:
            self.arrivals, before = [], (self.output, self.screen.pictures, self.screen.picture_bytes)
        pressed = time.perf_counter()
        self.send(keys)
        time.sleep(quiet)
        self.quiet(quiet)
        with self.change:
            first = (self.arrivals[0][0] - pressed) * 1e3 if self.arrivals else None
            return first, self.output - before[0], self.screen.pictures - before[1], self.screen.picture_bytes - before[2]

    def status(self, field):
        with open(f"/proc/{self.process}/status") as file:
            return next(int(line.split()[1]) / 1024 for line in file if line.startswith(field))

    def seconds(self):
        """Processor seconds used so far."""
        with open(f"/proc/{self.process}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def leave(self):
        """Ends the desk as its user would, and its process if that does not help."""
        for keys in (b"\x03", b"y"):
            if not self.ended:
                self.send(keys)
                self.wait(lambda terminal: terminal.ended, 3.0)
        if not self.ended:
            os.kill(self.process, 9)
        os.waitpid(self.process, 0)


def there(student, kind, pictures, frames, draft=False):
    """Whether this student's photo is on the screen: a frame is at its end, there are more of them and of pictures than before, nothing is still
    loading, and, unless that is enough, it is no draft."""

    def look(terminal):
        screen = terminal.screen
        if screen.drawing or screen.frames == frames:
            return False
        text = screen.text()
        if student not in "\n".join(text.split("\n")[:3]) or "载入中" in text or not draft and "清晰图随后到" in text:
            return False
        if kind in ("sixel", "iterm2"):
            return screen.pictures > pictures
        # Kitty's pictures are placed by characters; they may have been sent before.
        return sum(c in BLOCKS or c == PLACEHOLDER for c in text) > 40

    return look


def at_home(home, address, name="state"):
    """The environment of a desk whose home is a folder of its own, signed in at `address`."""
    token = os.path.join(home, "token")
    if not os.path.exists(token):
        with open(os.open(token, os.O_CREAT | os.O_WRONLY, 0o600), "w") as file:
            file.write("token")
    return dict(PATH=os.environ["PATH"], HOME=home, LANG="C.UTF-8", ZHAOSHEN_LANG="zh-CN", ZHAOSHEN_SERVER=address, ZHAOSHEN_TOKEN_FILE=token,
                ZHAOSHEN_STATE_DIR=os.path.join(home, name), ZHAOSHEN_CONFIG_DIR=os.path.join(home, "config"))


def share(values, of):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * of))]
