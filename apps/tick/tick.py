"""Counts once every 10 ms and answers the count over HTTP: whether a move lost anything can be read off it.

One thread, one selector. The count is the state that must survive: it is kept in memory only, goes up by one each
10 ms the process runs, and never catches up on time it did not run. Time is only ever used as a difference, and a
difference that makes no sense (another machine has another monotonic clock) starts the current step anew.
"""

import json
import os
import selectors
import signal
import socket
import sys
import time

PORT = 8080
STEP = 0.010
REQUEST_LIMIT = 8192
CONNECTION_LIMIT = 256


class Counter:
    """The count, and when it goes up next."""

    def __init__(self):
        self.count = 0
        self.started_at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        self.node = os.environ.get("NODE_NAME", "")
        self.requests = 0
        self.next = time.monotonic() + STEP

    def wait(self):
        """Seconds until the next step, never more than one step."""
        left = self.next - time.monotonic()
        return min(max(left, 0.0), STEP)

    def advance(self):
        """Counts the step that is due, if one is, and prints a line each second."""
        now = time.monotonic()
        if self.next - now > STEP:
            self.next = now + STEP
        if now < self.next:
            return
        self.count += 1
        # After a delay the rhythm starts from now: missed steps are not counted.
        self.next = self.next + STEP if now - self.next < STEP else now + STEP
        if self.count % 100 == 0:
            print(f"count {self.count}", flush=True)

    def answer(self):
        """What GET / answers. The host name is asked anew each time: a moved pod has a new one."""
        self.requests += 1
        return {
            "count": self.count,
            "startedAt": self.started_at,
            "node": self.node,
            "pod": socket.gethostname(),
            "requests": self.requests,
        }


class Connection:
    """One client: bytes read so far and bytes still to be written."""

    def __init__(self, sock):
        self.sock = sock
        self.read = b""
        self.write = b""
        self.closing = False

    def serve(self, counter):
        """Answers every whole request that has arrived."""
        while not self.closing and b"\r\n\r\n" in self.read:
            head, self.read = self.read.split(b"\r\n\r\n", 1)
            self.respond(head.decode("latin-1").split("\r\n"), counter)
        if len(self.read) > REQUEST_LIMIT:
            self.send(431, {"error": "request too large"}, close=True)

    def respond(self, lines, counter):
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
        if path.split("?")[0] not in ("/", "/healthz"):
            return self.send(404, {"error": "only /"}, close=close)
        return self.send(200, counter.answer(), close=close, head=method == "HEAD")

    def send(self, status, body, close=False, head=False):
        reasons = {200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed", 431: "Too Large"}
        text = json.dumps(body).encode() + b"\n"
        header = (
            f"HTTP/1.1 {status} {reasons[status]}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(text)}\r\nConnection: {'close' if close else 'keep-alive'}\r\n\r\n"
        )
        self.write += header.encode() + (b"" if head else text)
        self.closing = self.closing or close


class Server:
    """Accepts clients and moves their bytes."""

    def __init__(self, counter, port):
        self.counter = counter
        self.selector = selectors.DefaultSelector()
        self.listener = socket.create_server(("", port), backlog=64)
        self.listener.setblocking(False)
        self.selector.register(self.listener, selectors.EVENT_READ, None)
        self.clients = 0

    def step(self):
        """Waits for bytes or for the next count, whichever is first."""
        for key, events in self.selector.select(self.counter.wait()):
            if key.data is None:
                self.accept()
            else:
                self.transfer(key.data, events)
        self.counter.advance()

    def accept(self):
        try:
            sock, _ = self.listener.accept()
        except OSError:
            return
        if self.clients >= CONNECTION_LIMIT:
            sock.close()
            return
        sock.setblocking(False)
        self.clients += 1
        self.selector.register(sock, selectors.EVENT_READ, Connection(sock))

    def transfer(self, connection, events):
        try:
            if events & selectors.EVENT_READ:
                data = connection.sock.recv(4096)
                if not data:
                    return self.drop(connection)
                connection.read += data
                connection.serve(self.counter)
            if connection.write:
                sent = connection.sock.send(connection.write)
                connection.write = connection.write[sent:]
        except BlockingIOError:
            pass
        except OSError:
            return self.drop(connection)
        if connection.closing and not connection.write:
            return self.drop(connection)
        wanted = selectors.EVENT_WRITE if connection.write else selectors.EVENT_READ
        self.selector.modify(connection.sock, wanted, connection)

    def drop(self, connection):
        self.selector.unregister(connection.sock)
        connection.sock.close()
        self.clients -= 1


def main():
    # As pid 1 of its container the process would otherwise not be ended by SIGTERM.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    counter = Counter()
    server = Server(counter, int(os.environ.get("PORT", PORT)))
    print(f"serving on {server.listener.getsockname()[1]}, counting", flush=True)
    while True:
        server.step()


if __name__ == "__main__":
    main()
