"""What a broken set-up is made of: certificates, web servers, proxies, and a cloud whose answers can be replaced."""
import re
import hashlib
import base64
import json
import socket
import socketserver
import ssl
import struct
import subprocess
import threading
import time
from pathlib import Path

from harness import CLIENT_ID, Answering, serve

SECRET = "q7Marked-Zx41_never-To-Be-Shown-88Wk2pL5tR9"
TOKEN = "tokMarkedNeverShown_5e9b1c77aa01_Zk3"
REGIONS = ("mypurecloud.com use2.us-gov-pure.cloud usw2.pure.cloud cac1.pure.cloud mxc1.pure.cloud sae1.pure.cloud "
           "mypurecloud.ie euw2.pure.cloud mypurecloud.de euc2.pure.cloud edee1.eusc-pure.cloud mec1.pure.cloud "
           "aps1.pure.cloud apse1.pure.cloud mypurecloud.com.au mypurecloud.jp apne2.pure.cloud "
           "apne3.pure.cloud").split()


class Certificates:
    """A private authority, and server certificates that are good, or bad in one way each."""

    def __init__(self, directory):
        self.directory = Path(directory)
        names = "IP:127.0.0.1,DNS:localhost," + ",".join(f"DNS:{h}.{r}" for r in REGIONS for h in ("login", "api"))
        self.ca = self.authority("ca")
        self.other_ca = self.authority("other")
        self.good = self.server("good", "ca", names)
        self.host = self.server("host", "ca", "DNS:elsewhere.example.test")
        self.unknown = self.server("unknown", "other", names)
        self.expired = self.server("expired", "ca", names, "20200101000000Z", "20210101000000Z")
        self.early = self.server("early", "ca", names, "20400101000000Z", "20410101000000Z")
        self.self_signed = self.alone("self", names)

    def run(self, *arguments):
        subprocess.run(["openssl", *arguments], cwd=self.directory, check=True, capture_output=True)

    def path(self, name):
        return str(self.directory / name)

    def authority(self, name):
        self.run("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-keyout", name + ".key",
                 "-out", name + ".pem", "-subj", f"/CN=Test Authority {name}")
        # The openssl ca command wants books; it alone can set both dates.
        (self.directory / (name + ".txt")).write_text("")
        (self.directory / (name + ".cnf")).write_text(
            f"[ca]\ndefault_ca=a\n[a]\ndatabase={name}.txt\nnew_certs_dir=.\ndefault_md=sha256\npolicy=p\n"
            "rand_serial=yes\nunique_subject=no\ncopy_extensions=copy\n[p]\ncommonName=supplied\n")
        return self.path(name + ".pem")

    def server(self, name, ca, names, start=None, end=None):
        self.run("req", "-newkey", "rsa:2048", "-nodes", "-keyout", name + ".key", "-out", name + ".csr",
                 "-subj", "/CN=" + name, "-addext", "subjectAltName=" + names)
        dates = ["-startdate", start, "-enddate", end] if start else ["-days", "20"]
        self.run("ca", "-batch", "-config", ca + ".cnf", "-cert", ca + ".pem", "-keyfile", ca + ".key",
                 "-in", name + ".csr", "-out", name + ".pem", "-notext", *dates)
        return self.path(name + ".pem"), self.path(name + ".key")

    def alone(self, name, names):
        self.run("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-keyout", name + ".key",
                 "-out", name + ".pem", "-subj", "/CN=" + name, "-addext", "subjectAltName=" + names)
        return self.path(name + ".pem"), self.path(name + ".key")


def tls_context(pair, old=False):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if old:
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.load_cert_chain(*pair)
    return context


class CloudHandler(Answering):
    """A whole organization in a few answers; server.answers replaces them by path prefix."""

    def date_time_string(self, timestamp=None):
        return super().date_time_string((timestamp or time.time()) + getattr(self.server, "skew", 0))

    def say(self, status, body, headers=None):
        data = body if isinstance(body, bytes) else (body if isinstance(body, str) else json.dumps(body)).encode()
        self.send(status, data, {"Content-Type": "application/json" if not isinstance(body, str) else "text/html", **(headers or {})})

    def answer(self, body):
        seen = {"host": self.headers.get("Host"), "method": self.command, "path": self.path,
                "authorization": self.headers.get("Authorization"), "body": body.decode("latin-1")}
        self.server.seen.append(seen)
        for prefix, answer in self.server.answers.items():
            if self.path.startswith(prefix):
                answer = answer(seen) if callable(answer) else answer
                if answer == "cut":
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    self.close_connection = True
                    return
                if answer is not None:
                    self.say(*answer)
                    return
        self.say(*normal(seen))


PAIR = base64.b64encode(f"{CLIENT_ID}:{SECRET}".encode()).decode()
REFUSED = {"error": "invalid_client", "description": "authentication failed",
           "error_description": "authentication failed"}
DIVISION = "11111111-1111-4111-8111-111111111111"
CLIENT = {"id": CLIENT_ID, "name": "nightly", "authorizedGrantType": "CLIENT-CREDENTIALS", "state": "active",
          "roleDivisions": [{"roleId": "22222222-2222-4222-8222-222222222222", "divisionId": DIVISION}]}
ORGANIZATION = {"id": "33333333-3333-4333-8333-333333333333", "name": "Example Contact Centre"}
RATE = "client.credentials.token.rate.per.minute"


def missing(*permissions):
    return 403, {"message": "Unable to perform the requested action. You must have at least one of the following "
                            f"permissions assigned: [{', '.join(permissions)}]", "code": "missing.any.permissions",
                 "status": 403, "contextId": "4711"}


def error(status, code, message="No."):
    return status, {"message": message, "code": code, "status": status}


def login_error(status, name, description):
    return status, {"error": name, "description": description, "error_description": description}


def token_me(**client):
    return 200, {"organization": ORGANIZATION, "OAuthClient": {**CLIENT, **client}}


def normal(seen):
    path = seen["path"].split("?")[0]
    if path == "/oauth/token":
        if seen["authorization"] != "Basic " + PAIR:
            return 401, REFUSED
        return 200, {"access_token": TOKEN, "token_type": "bearer", "expires_in": 86399}
    if path.startswith("/api/") and seen["authorization"] != "Bearer " + TOKEN:
        return error(401, "authentication.required", "No authentication bearer token specified.")
    entity = {"id": "44444444-4444-4444-8444-444444444444", "name": "One"}
    listing = {"entities": [entity], "pageSize": 1, "pageNumber": 1, "total": 1, "pageCount": 1}
    answers = {
        "/api/v2/tokens/me": token_me(),
        "/api/v2/users": (200, listing),
        "/api/v2/routing/queues": (200, listing),
        "/api/v2/workforcemanagement/adherence": (200, []),
        "/api/v2/analytics/conversations/details/jobs/availability":
            (200, {"dataAvailabilityDate": "2026-01-01T00:00:00.000Z"}),
        "/api/v2/analytics/conversations/details/query":
            (200, {"conversations": [{"conversationId": entity["id"]}], "totalHits": 700}),
        "/api/v2/authorization/divisions":
            (200, {"entities": [{"id": DIVISION, "name": "Home", "description": ""}], "total": 1}),
        "/api/v2/organizations/limits/namespaces/platform.api":
            (200, {"entities": [{"key": RATE, "namespace": "platform.api", "value": 1000000}]}),
        "/api/v2/analytics/dataretention/settings": (200, {"retentionDays": 558}),
    }
    return answers.get(path, error(404, "not found", "HTTP 404 Not Found"))


def cloud(test, answers=None, pair=None, old=False, **attributes):
    """A cloud on loopback; its url is plain http, or https with the certificate given."""
    return serve(test, CloudHandler, tls_context(pair, old) if pair else None, answers=dict(answers or {}), seen=[], **attributes)


# The second message of NTLM: Unicode, NTLM with a target's facts, of which there are none.
NTLM_CHALLENGE = struct.pack("<8sIHHIIQQHHI", b"NTLMSSP\0", 2, 0, 0, 48, 0x00800201, 0x1122334455667788, 0, 4, 4, 48) + bytes(4)


class ProxyHandler(socketserver.StreamRequestHandler):
    """A proxy for CONNECT: answers with server.status, or joins to server.to (a port) whatever host is asked for."""

    def handle(self):
        while self.answer():
            pass

    def answer(self):
        """Answers a request; true where its login goes on with another one of the connection."""
        line = self.rfile.readline().decode("latin-1")
        given = ""
        while (header := self.rfile.readline()) not in (b"\r\n", b"\n", b""):
            name, _, value = header.decode("latin-1").partition(":")
            given = value.strip() if name.lower() == "proxy-authorization" else given
        if not line:
            return False
        self.server.given.append(given)
        self.server.asked.append(line.split()[1] if len(line.split()) > 1 else line)
        host = self.server.asked[-1].split(":")[0]
        port = self.server.to.get(host, self.server.to.get("*")) if isinstance(self.server.to, dict) else self.server.to
        status = self.server.status if port is None or self.server.status != 200 else 200
        if self.server.offers and self.ntlm(given)[8:9] == b"\1":
            self.wfile.write(b"HTTP/1.1 407 Go on\r\nProxy-Authenticate: NTLM " + base64.b64encode(NTLM_CHALLENGE) +
                             b"\r\nContent-Length: 0\r\n\r\n")
            return True
        if self.server.offers and not self.is_login(given):
            status = 407
        if status != 200 or port is None:
            status = 502 if status == 200 else status
            offers = "".join(f"Proxy-Authenticate: {offer}\r\n" for offer in self.server.offers or ['Basic realm="out"'])
            self.wfile.write(f"HTTP/1.1 {status} No\r\n{offers}Connection: close\r\nContent-Length: 0\r\n\r\n".encode())
            return False
        self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
        with socket.create_connection(("127.0.0.1", port)) as there:
            back = threading.Thread(target=self.pump, args=(there, self.connection), daemon=True)
            back.start()
            self.pump(self.connection, there)
            back.join(5)
        return False

    @staticmethod
    def ntlm(given):
        """A message of NTLM; b"": it is none."""
        scheme, _, rest = given.partition(" ")
        return base64.b64decode(rest) if scheme == "NTLM" else b""

    def is_login(self, given):
        """By Basic or Digest, with the server's user and password; by NTLM, of which the user alone is looked at."""
        scheme, _, rest = given.partition(" ")
        user, password = self.server.login
        message = self.ntlm(given)
        if message[8:9] == b"\3":
            length, _, start = struct.unpack_from("<HHI", message, 36)
            return message[start:start + length].decode("utf-16-le") == user
        if scheme == "Basic":
            return base64.b64decode(rest).decode() == f"{user}:{password}"
        said = dict(re.findall(r'(\w+)="?([^",]*)', rest))
        def h(*parts):
            return hashlib.md5(":".join(parts).encode()).hexdigest()
        return scheme == "Digest" and said["response"] == h(
            h(user, "out", password), said["nonce"], said["nc"], said["cnonce"], "auth", h("CONNECT", said["uri"]))

    @staticmethod
    def pump(source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def proxy(test, to=None, status=200, offers=(), login=("", "")):
    """With `offers` it wants that login, by one of the schemes it offers."""
    return serve(test, ProxyHandler, to=to, status=status, asked=[], given=[], offers=offers, login=login)


class Silent(socketserver.BaseRequestHandler):
    """Accepts and says nothing."""

    def handle(self):
        time.sleep(5)


class Resetting(socketserver.BaseRequestHandler):
    """Cuts the connection in the handshake."""

    def handle(self):
        self.request.recv(64)
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def closed_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]
