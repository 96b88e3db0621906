"""A server on raw sockets between program and stand-in that cuts one answer after a chosen byte.

The answers come from the stand-in; all pass as they are but those to one request, the target. The
target's answer is framed anew (by length, in chunks, or by the close of the connection; plain or
gzip) and cut, once for each point of a list, each time the program asks again; then it passes whole.
Python's own servers would not do: they see to it that an answer is whole.
"""
import gzip
import http.client
import re
import socket
import struct
import threading

ROUTES = {
    "token": re.compile(r"POST /oauth/token"),
    "submit": re.compile(r"POST /api/v2/analytics/conversations/details/jobs$"),
    "status": re.compile(r"GET /api/v2/analytics/conversations/details/jobs/[^/?]+$"),
    "results": re.compile(r"GET /api/v2/analytics/conversations/details/jobs/[^/?]+/results"),
    "query": re.compile(r"POST /api/v2/analytics/conversations/details/query$"),
}
FRAMINGS = ("length", "chunked", "close")
CODINGS = ("plain", "gzip")
CHUNK_BYTES = 300


class Answer:
    """An answer as bytes on the wire; `whole_at` is the byte behind which its document is whole."""

    def __init__(self, body, framing, coding):
        if coding == "gzip":
            body = gzip.compress(body, 6, mtime=0)
        head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
        if coding == "gzip":
            head += "Content-Encoding: gzip\r\n"
        if framing == "length":
            head += f"Content-Length: {len(body)}\r\n\r\n"
        elif framing == "chunked":
            head += "Transfer-Encoding: chunked\r\n\r\n"
        else:
            head += "Connection: close\r\n\r\n"
        self.head_length = len(head)
        self.bytes = head.encode()
        if framing == "chunked":
            for at in range(0, len(body), CHUNK_BYTES):
                chunk = body[at:at + CHUNK_BYTES]
                self.bytes += b"%x\r\n%s" % (len(chunk), chunk)
                self.whole_at = len(self.bytes)
                self.bytes += b"\r\n"
            self.bytes += b"0\r\n\r\n"
        else:
            self.bytes += body
            self.whole_at = len(self.bytes)
        self.body_sent = body


class CutServer:
    """See above. `points(answer)` lists where the target's answer is cut; `before_each()` is called
    whenever the program asks for the target; `skip` spares the route's first requests."""

    def __init__(self, upstream_port, route, framing, coding, mode, points, before_each=None, skip=0):
        self.upstream_port = upstream_port
        self.route = ROUTES[route]
        self.framing = framing
        self.coding = coding
        self.mode = mode
        self.points = points
        self.before_each = before_each
        self.skip = skip
        self.target = None  # the request whose answer is cut
        self.answer = None
        self.left = []      # points to come
        self.cut_at = []    # points at which it was cut
        self.passed = 0     # times it was given whole
        self.asked = set()
        self.trouble = []   # exceptions of before_each
        self.lock = threading.RLock()
        self.ending = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def stop(self):
        self.ending.set()
        self.listener.close()

    def heal(self):
        """From now on all answers pass whole."""
        with self.lock:
            self.left = []
            self.points = lambda answer: []

    def accept(self):
        while not self.ending.is_set():
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        upstream = http.client.HTTPConnection("127.0.0.1", self.upstream_port, timeout=60)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            with connection, connection.makefile("rb") as stream:
                while self.exchange(connection, stream, upstream):
                    pass
        except OSError:
            pass
        finally:
            upstream.close()

    def exchange(self, connection, stream, upstream):
        """One request and its answer; False when the connection is over."""
        line = stream.readline().decode("latin-1").split()
        if len(line) < 3:
            return False
        method, path = line[0], line[1]
        headers = http.client.parse_headers(stream)
        body = stream.read(int(headers.get("Content-Length", "0")))
        key = (method, path, body)
        with self.lock:
            if self.is_target(key):
                return self.answer_target(connection, headers, key, upstream)
        status, reason, kept, content = self.fetch(upstream, key, headers)
        head = f"HTTP/1.1 {status} {reason}\r\n{kept}Content-Length: {len(content)}\r\n\r\n"
        connection.sendall(head.encode() + content)
        return True

    def is_target(self, key):
        if self.target is None and self.route.match(f"{key[0]} {key[1]}") and key not in self.asked:
            self.asked.add(key)
            if len(self.asked) > self.skip:
                self.target = key
        return key == self.target

    @staticmethod
    def fetch(upstream, key, headers):
        method, path, body = key
        forwarded = {name: headers[name] for name in ("Authorization", "Content-Type", "Accept") if name in headers}
        upstream.request(method, path, body or None, forwarded)
        answer = upstream.getresponse()
        content = answer.read()
        kept = "".join(f"{name}: {value}\r\n" for name, value in answer.getheaders()
                       if name.lower() in ("content-type", "retry-after", "inin-correlation-id"))
        return answer.status, answer.reason, kept, content

    def answer_target(self, connection, headers, key, upstream):
        if self.before_each:
            try:
                self.before_each()
            except Exception as problem:  # shown by the test: this thread cannot fail it
                self.trouble.append(problem)
                self.heal()
        if self.answer is None:
            status, _, _, content = self.fetch(upstream, key, headers)
            assert 200 <= status <= 299, content
            self.answer = Answer(content, self.framing, self.coding)
            self.left = list(self.points(self.answer))
        if not self.left:
            self.passed += 1
            connection.sendall(self.answer.bytes)
            return self.framing != "close"
        point = self.left.pop(0)
        self.cut_at.append(point)
        connection.sendall(self.answer.bytes[:point])
        self.cut(connection)
        return False

    def cut(self, connection):
        if self.mode == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif self.mode == "hang":
            threading.Thread(target=self.hold, args=(connection.dup(),), daemon=True).start()
            return
        else:
            connection.shutdown(socket.SHUT_WR)

    @staticmethod
    def hold(connection):
        """Keeps the connection until the program has had enough of it."""
        with connection:
            try:
                connection.settimeout(60)
                while connection.recv(4096):
                    pass
            except OSError:
                pass
