"""Clients of `serves`, at the host that is the argument; `HOST+N` is one where every port is higher by N. They notice
nothing of a move but a pause.
"""

import http.client
import socket
import threading
import time

import websocket
from property import Group, same, sure
from serves import BULK, COUNT, DATAGRAMS, ECHO, HTTP, WEBSOCKET, block

group = Group()

# a pause of the length that the slowest of machines under load makes of a move
PATIENCE = 60


# what waits in a UDP socket is not part of a dumped state; in all moves together, and not what is answered late
MAY_BE_LOST = 10


class Work:
    """A client at work in a thread, until it is stopped; what broke it, how often it succeeded, and its longest pause."""

    def __init__(self, what, once):
        self.what, self.once = what, once
        self.broken, self.done, self.longest = None, 0, 0.0
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        last = time.monotonic()
        try:
            while not self.stopped.is_set():
                self.once(self.done)
                now = time.monotonic()
                self.longest, last = max(self.longest, now - last), now
                self.done += 1
        except Exception as error:
            self.broken = error

    def end(self, least):
        self.stopped.set()
        self.thread.join(PATIENCE + 5)
        print(f"{self.what}: {self.done} times, longest pause {self.longest * 1000:.0f} ms", flush=True)
        sure(self.broken is None, f"after {self.done} times: {self.broken!r}")
        sure(self.done >= least, f"done {self.done} times only")


def place(where, port):
    host, _, higher = where.partition("+")
    return host, port + int(higher or 0)


def connected(host, port):
    end = time.monotonic() + 30
    while True:
        try:
            client = socket.create_connection(place(host, port), PATIENCE)
            break
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client


def exactly(client, size):
    data = bytearray()
    while len(data) < size:
        more = client.recv(size - len(data))
        sure(more, f"the connection ended, {len(data)} bytes into an answer")
        data += more
    return bytes(data)


def asked(client, text):
    client.sendall(text)
    same(exactly(client, len(text)), text, "an answer")


@group.keeps("a connection on which one question after the other is answered")
def questions(host):
    client = connected(host, ECHO)

    def once(number):
        asked(client, b"%08d\n" % number)
        time.sleep(0.02)

    work = Work(f"questions to {host}", once)
    yield
    work.end(50)


@group.keeps("a stream of numbers without a gap or a repetition")
def numbers(host):
    lines = connected(host, COUNT).makefile("rb")
    work = Work(f"numbers from {host}", lambda number: same(lines.readline(), b"%d\n" % (number + 1), "a number"))
    yield
    work.end(50)


@group.keeps("a long download, byte by byte")
def download(host):
    client = connected(host, BULK)

    def once(number):
        expected = block(number)
        sure(exactly(client, len(expected)) == expected, f"block {number} is not what was sent")

    work = Work(f"download from {host}", once)
    yield
    work.end(50)


@group.keeps("an HTTP connection that is kept alive")
def kept_alive(host):
    client = http.client.HTTPConnection(*place(host, HTTP))
    client.sock = connected(host, HTTP)
    # a connection that is lost is not replaced behind our back
    client.auto_open = 0

    def once(number):
        client.request("GET", f"/{number}")
        answer = client.getresponse()
        same((answer.status, answer.read()), (200, b"/%d" % number), "an answer")
        time.sleep(0.02)

    work = Work(f"requests to {host}", once)
    yield
    work.end(50)


@group.keeps("a WebSocket on which every message comes back")
def messages(host):
    client = connected(host, WEBSOCKET)
    websocket.ask(client, host)

    def once(number):
        websocket.send(client, b"%08d" % number, masked=True)
        same(websocket.receive(client), b"%08d" % number, "a message")
        time.sleep(0.02)

    work = Work(f"messages to {host}", once)
    yield
    work.end(50)


@group.keeps("an idle connection")
def idle(host):
    client = connected(host, ECHO)
    asked(client, b"before\n")
    yield
    asked(client, b"after\n")


@group.keeps("every connection that is opened, at any moment")
def opened(host):
    def once(number):
        with socket.create_connection(place(host, ECHO), PATIENCE) as client:
            client.settimeout(PATIENCE)
            asked(client, b"%08d\n" % number)
        time.sleep(0.05)

    asked(connected(host, ECHO), b"there\n")
    work = Work(f"connections to {host}", once)
    yield
    work.end(20)


class Datagrams:
    """A socket that counts what it sends, and what of that is answered, be it late."""

    def __init__(self, where):
        family, kind, _, _, address = socket.getaddrinfo(*where, type=socket.SOCK_DGRAM)[0]
        self.socket = socket.socket(family, kind)
        self.socket.connect(address)
        self.socket.settimeout(1)
        self.unanswered = 0

    def send(self, text):
        self.socket.send(text)
        self.unanswered += 1

    def answer(self):
        """The next answer; nothing when there is none within a second."""
        try:
            text = self.socket.recv(100)
        except TimeoutError:
            return None
        self.unanswered -= 1
        return text

    def ask(self, text):
        """Whether a datagram is answered in time; answers to earlier ones are late, and those to later ones wrong."""
        self.send(text)
        while (answer := self.answer()) not in (text, None):
            sure(answer < text, f"{answer!r} is no answer to {text!r}")
        return answer is not None


@group.keeps("datagrams, nearly all of which are answered")
def datagrams(host):
    client = Datagrams(place(host, DATAGRAMS))

    def once(number):
        end = time.monotonic() + PATIENCE
        while not client.ask(b"%08d" % number):
            sure(time.monotonic() < end, f"datagram {number} is not answered, however often it is sent")
        time.sleep(0.02)

    work = Work(f"datagrams to {host}", once)
    yield
    work.end(50)
    while client.answer():
        pass
    sure(client.unanswered <= MAY_BE_LOST, f"{client.unanswered} were lost")
