"""A server between program and stand-in that cuts one answer after a chosen byte.

The answers come from the stand-in; all pass as they are but those to one request, the target. The target's answer is framed anew
(by length, in chunks, or by the close of the connection; plain or gzip) and cut, once for each point of a list, each time the
program asks again; then it passes whole.
"""
import gzip
import os
import re
import socket
import struct
import threading

from harness import Rewriting, serve

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


class Cutter:
    """See above. `points(answer)` lists where the target's answer is cut; `before_each()` is called
    whenever the program asks for the target; `skip` spares the route's first requests."""

    def __init__(self, test, upstream, route, framing, coding, mode, points, skip=0):
        self.route = ROUTES[route]
        self.framing = framing
        self.coding = coding
        self.mode = mode
        self.points = points
        self.before_each = lambda: None
        self.skip = skip
        self.target = None  # the request whose answer is cut
        self.answer = None
        self.left = []      # points to come
        self.cut_at = []    # points at which it was cut
        self.passed = 0     # times it was given whole
        self.asked = set()
        self.trouble = []   # exceptions of before_each
        self.lock = threading.RLock()
        self.url = serve(test, Cutting, upstream=upstream, rule=lambda *_: None, edit=lambda _, answer: answer, cutter=self).url

    def heal(self):
        """From now on all answers pass whole."""
        with self.lock:
            self.left = []
            self.points = lambda answer: []

    def is_target(self, key):
        with self.lock:
            if self.target is None and self.route.match(f"{key[0]} {key[1]}") and key not in self.asked:
                self.asked.add(key)
                if len(self.asked) > self.skip:
                    self.target = key
            return key == self.target

    def next_cut(self, fetch):
        """Where the target's answer, which fetch() brings, is cut this time; None: nowhere."""
        with self.lock:
            try:
                self.before_each()
            except Exception as problem:  # shown by the test: this thread cannot fail it
                self.trouble.append(problem)
                self.heal()
            if self.answer is None:
                status, content = fetch()
                assert 200 <= status <= 299, content
                self.answer = Answer(content, self.framing, self.coding)
                self.left = list(self.points(self.answer))
            if not self.left:
                self.passed += 1
                return None
            self.cut_at.append(self.left.pop(0))
            return self.cut_at[-1]


class Cutting(Rewriting):
    disable_nagle_algorithm = True

    def answer(self, body):
        cutter = self.server.cutter
        if not cutter.is_target((self.command, self.path, body)):
            super().answer(body)
            return
        point = cutter.next_cut(lambda: self.forward(body))
        self.wfile.write(cutter.answer.bytes[:point])
        self.close_connection = point is not None or cutter.framing == "close"
        if point is not None and cutter.mode == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            os.close(self.connection.detach())  # at once: the server's own way says first that it has ended
        elif point is not None and cutter.mode == "hang":
            self.connection.settimeout(60)  # or until the program has had enough of it
            while self.connection.recv(4096):
                pass

