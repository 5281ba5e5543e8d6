"""A stub of the API on the loopback: a unit of any number of photos, and decisions that are taken. What the desk is measured against, so that the
desk alone is measured. Python 3 alone."""
import glob, http.server, json, os, re, socketserver, threading
from urllib.parse import parse_qs, urlparse

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
UNIT = "测量分院"
PICTURES = [open(path, "rb").read() for path in sorted(glob.glob(os.path.join(HERE, "assets/specimens/p??.jpg")))]
PORTRAITS = [open(path, "rb").read() for path in sorted(glob.glob(os.path.join(HERE, "assets/specimens/p??_portrait.jpg")))]


def ident(n):
    return f"00000000-0000-7000-8000-{n:012}"


def number(n):
    """The number of the n-th student, as the screen shows it."""
    return f"2027{n:07}"


class Stub(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    disable_nagle_algorithm = True

    def __init__(self, rows):
        super().__init__(("127.0.0.1", 0), Api)
        self.rows, self.decided, self.asked = rows, {}, []
        self.counts = dict(unit="a", unit_name=UNIT, students=rows, captured_students=rows, done_students=0, captured=0, standardized=0,
                           machine_refused=0, pending=rows, correction_requested=0, held=0, approved=0, rejected=0, withdrawn=0, doubtful=0)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, client_address):
        pass  # A desk that has left hears no answer.

    def row(self, n):
        held = dict(status="held", version=2, decision="approve", held_until="2099-01-01T00:00:00Z") if n in self.decided else {}
        return dict(id=ident(n), season="s", unit="a", number=1, status="pending", version=1, submitted_at="2027-03-01T08:00:00Z",
                    checks="pass", machine_reasons=[], band="same",
                    student=dict(student_number=number(n), name="张*", id_number="9900**********0017")) | held


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
        try:
            self.wfile.write(body)
        except OSError:
            pass  # Whoever asked has gone.

    def do_GET(self):
        url = urlparse(self.path)
        parts, query = url.path.strip("/").split("/"), parse_qs(url.query)
        stub = self.server
        if url.path == "/v1/sessions/current":
            self.answer(dict(id=ident(0), name="bench", role="reviewer", school="s"))
        elif url.path == "/v1/seasons":
            self.answer([dict(code="s", name="2027", rules=dict(preview_approval=True))])
        elif url.path == "/v1/progress":
            self.answer(dict(units=[stub.counts], whole=stub.counts | dict(unit=None)))
        elif url.path == "/v1/submissions":
            first, limit = int(query.get("cursor", ["1"])[0]), int(query.get("limit", ["100"])[0])
            page = dict(items=[stub.row(n) for n in range(first, min(first + limit, stub.rows + 1))])
            if first + limit <= stub.rows:
                page["next"] = str(first + limit)
            self.answer(page)
        elif parts[-2:-1] == ["pictures"]:
            n = int(parts[2][-12:])
            files = PORTRAITS if parts[-1] == "portrait" and PORTRAITS else PICTURES
            stub.asked.append((n, parts[-1]))
            self.answer(files[n % len(files)], "image/jpeg")
        elif re.fullmatch(r"/v1/submissions/[0-9a-f-]{36}", url.path):
            self.answer(stub.row(int(parts[2][-12:])) | dict(pictures=["preview", "standard", "portrait"], rendition=ident(1)))
        else:
            self.send_error(404)

    def do_POST(self):
        wanted = json.loads(self.rfile.read(int(self.headers.get("content-length") or 0)) or b"{}")
        parts = urlparse(self.path).path.strip("/").split("/")
        if parts[1:2] == ["submissions"] and len(parts) == 4:
            n = int(parts[2][-12:])
            self.server.decided[n] = wanted.get("verdict")
            return self.answer(dict(submission=ident(n), status="held", version=2, decision=wanted.get("verdict", "approve"),
                                    held_until="2099-01-01T00:00:00Z"))
        items = [self.server.row(int(name[-12:])) for name in dict.fromkeys(wanted.get("only", []) + wanted.get("keep", []))]
        self.answer(dict(token=ident(7), until="2099-01-01T00:00:00Z", items=items))

    def do_DELETE(self):
        self.answer({})

    do_PUT = do_POST
