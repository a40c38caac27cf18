"""Servers for clients that are to notice nothing of a move: they echo, count and send, over TCP, UDP, HTTP and WebSockets,
and listen on every address: one socket for IPv4 and one for IPv6.
"""

import hashlib
import http.server
import socket
import threading
import time

import websocket
from property import Group, same

group = Group()

ECHO, COUNT, BULK, DATAGRAMS, HTTP, WEBSOCKET = 7101, 7102, 7103, 7104, 7105, 7106
BLOCK = 16 * 1024


def block(number):
    """What a download consists of, block by block, each unlike the others."""
    return hashlib.sha256(str(number).encode()).digest() * (BLOCK // 32)


def echo(client):
    with client, client.makefile("rb") as lines:
        for line in lines:
            client.sendall(line)


def count(client):
    number = 0
    with client:
        while True:
            number += 1
            client.sendall(b"%d\n" % number)
            time.sleep(0.01)


def bulk(client):
    number = 0
    with client:
        while True:
            client.sendall(block(number))
            number += 1
            time.sleep(0.02)


def echo_messages(client):
    with client:
        websocket.accept(client)
        while True:
            websocket.send(client, websocket.receive(client))


class Web(http.server.BaseHTTPRequestHandler):
    """Answers with the path that was asked for, over connections that stay."""

    protocol_version = "HTTP/1.1"
    # head and body of an answer in one segment
    wbufsize = -1

    def do_GET(self):
        text = self.path.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


FAMILIES = socket.AF_INET, socket.AF_INET6


def serve(family, port, work):
    listener = socket.create_server(("", port), family=family, backlog=64)

    def attend(client):
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            work(client)
        except OSError:
            pass  # the client has gone

    def accept():
        while True:
            threading.Thread(target=attend, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()


def serve_datagrams(family):
    server = socket.socket(family, socket.SOCK_DGRAM)
    if family == socket.AF_INET6:
        server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    server.bind(("", DATAGRAMS))

    def answer():
        while True:
            data, client = server.recvfrom(2048)
            server.sendto(data, client)

    threading.Thread(target=answer, daemon=True).start()


def serve_web(family):
    web = http.server.ThreadingHTTPServer(("", HTTP), Web, bind_and_activate=False)
    web.socket.close()
    web.socket = socket.create_server(("", HTTP), family=family, backlog=64)
    threading.Thread(target=web.serve_forever, args=(3600,), daemon=True).start()


@group.keeps("servers that go on with every client")
def servers(_):
    for family in FAMILIES:
        for port, work in {ECHO: echo, COUNT: count, BULK: bulk, WEBSOCKET: echo_messages}.items():
            serve(family, port, work)
        serve_datagrams(family)
        serve_web(family)
    yield
    with socket.create_connection(("127.0.0.1", ECHO), 5) as client:
        client.sendall(b"after\n")
        same(client.recv(100), b"after\n", "an echo")
