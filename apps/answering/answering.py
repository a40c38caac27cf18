"""A small HTTP server for programs whose work is something else: one thread, one selector, no dependencies.

The program calls `step` between pieces of its own work; each call waits for bytes no longer than it is told to. So what
an answer tells is never half done, and a program that stands still answers nobody.
"""

import json
import os
import selectors
import signal
import socket
import sys
import time

REQUEST_LIMIT = 8192
CONNECTION_LIMIT = 256

REASONS = {
    200: "OK",
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    431: "Too Large",
}


class Identity:
    """Which run of the program this is. Two starts never have the same nonce; a moved process keeps its own."""

    def __init__(self):
        self.nonce = os.urandom(8).hex()
        self.started_at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        self.node = os.environ.get("NODE_NAME", "")

    def answer(self):
        """The host name is asked anew each time: a moved pod has a new one."""
        return {
            "nonce": self.nonce,
            "startedAt": self.started_at,
            "node": self.node,
            "pod": socket.gethostname(),
        }


class Connection:
    """One client: bytes read so far and bytes still to be written."""

    def __init__(self, sock):
        self.sock = sock
        self.read = b""
        self.write = b""
        self.closing = False

    def serve(self, answers):
        """Answers every whole request that has arrived."""
        while not self.closing and b"\r\n\r\n" in self.read:
            head, self.read = self.read.split(b"\r\n\r\n", 1)
            self.respond(head.decode("latin-1").split("\r\n"), answers)
        if len(self.read) > REQUEST_LIMIT:
            self.send(431, {"error": "request too large"}, close=True)

    def respond(self, lines, answers):
        words = lines[0].split(" ")
        if len(words) != 3:
            return self.send(400, {"error": "not an HTTP request"}, close=True)
        method, path, version = words
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip().lower()
        # A request with a body is not for us, and its body would be read as the next request.
        has_body = headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
        close = has_body or headers.get("connection") == "close" or version != "HTTP/1.1"
        if method not in ("GET", "HEAD"):
            return self.send(405, {"error": "only GET"}, close=True)
        answer = answers.get(path.split("?")[0])
        if answer is None:
            return self.send(404, {"error": f"only {', '.join(sorted(answers))}"}, close=close)
        return self.send(200, answer(), close=close, head=method == "HEAD")

    def send(self, status, body, close=False, head=False):
        text = json.dumps(body).encode() + b"\n"
        header = (
            f"HTTP/1.1 {status} {REASONS[status]}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(text)}\r\nConnection: {'close' if close else 'keep-alive'}\r\n\r\n"
        )
        self.write += header.encode() + (b"" if head else text)
        self.closing = self.closing or close


class Server:
    """Accepts clients and moves their bytes."""

    def __init__(self, port, answers, connection=Connection):
        """`answers`: path -> function whose value is answered as JSON. `connection`: what a client becomes here."""
        self.answers = answers
        self.connection = connection
        self.connections = set()
        self.selector = selectors.DefaultSelector()
        self.listener = socket.create_server(("", port), backlog=64)
        self.listener.setblocking(False)
        self.watch(self.listener, self.accept)

    def watch(self, file, ready):
        """Calls a function whenever there is something to read from a file."""
        self.selector.register(file, selectors.EVENT_READ, lambda _events: ready())

    def step(self, seconds):
        """Waits for bytes, so long at most, and serves those that came."""
        for key, events in self.selector.select(seconds):
            key.data(events)

    def accept(self):
        try:
            sock, _ = self.listener.accept()
        except OSError:
            return
        if len(self.connections) >= CONNECTION_LIMIT:
            sock.close()
            return
        sock.setblocking(False)
        connection = self.connection(sock)
        self.connections.add(connection)
        self.selector.register(sock, selectors.EVENT_READ, self.transfer_of(connection))

    def transfer_of(self, connection):
        return lambda events: self.transfer(connection, events)

    def transfer(self, connection, events):
        try:
            if events & selectors.EVENT_READ:
                data = connection.sock.recv(4096)
                if not data:
                    return self.drop(connection)
                connection.read += data
                connection.serve(self.answers)
            if connection.write:
                sent = connection.sock.send(connection.write)
                connection.write = connection.write[sent:]
        except BlockingIOError:
            pass
        except OSError:
            return self.drop(connection)
        if connection.closing and not connection.write:
            return self.drop(connection)
        self.expect(connection)

    def expect(self, connection):
        """Waits until it can be written to when there is something to write, and otherwise until it says something."""
        wanted = selectors.EVENT_WRITE if connection.write else selectors.EVENT_READ
        self.selector.modify(connection.sock, wanted, self.transfer_of(connection))

    def drop(self, connection):
        self.selector.unregister(connection.sock)
        connection.sock.close()
        self.connections.discard(connection)


class Rhythm:
    """Says when the next piece of work is due, at a steady rate that never catches up on time the process did not run.

    Time is only ever used as a difference, and a difference that makes no sense (another machine has another monotonic
    clock) starts the current period anew.
    """

    def __init__(self, period):
        self.period = period
        self.next = time.monotonic() + period

    def wait(self):
        """Seconds until the next piece is due, never more than one period."""
        return min(max(self.next - time.monotonic(), 0.0), self.period)

    def due(self):
        """Whether a piece is due now; if so the next one is a period later."""
        now = time.monotonic()
        if self.next - now > self.period:
            self.next = now + self.period
        if now < self.next:
            return False
        # After a delay the rhythm starts from now: missed pieces are not made up for.
        self.next = self.next + self.period if now - self.next < self.period else now + self.period
        return True


def prepare():
    """What every program here does first."""
    # As pid 1 of its container the process would otherwise not be ended by SIGTERM.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
