"""As much of WebSockets (RFC 6455) as it takes to exchange short messages: one frame each, and nothing about closing."""

import base64
import hashlib
import os
import struct

from property import sure

# RFC 6455, 1.3: what the server adds to the client's key before it hashes it
SALT = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
BINARY_WHOLE = 0x82
MASKED = 0x80
# RFC 6455, 5.2: longer ones have their length elsewhere
LONGEST = 125


def exactly(peer, size):
    data = bytearray()
    while len(data) < size:
        more = peer.recv(size - len(data))
        if not more:
            raise ConnectionResetError(f"the connection ended, {len(data)} bytes into {size}")
        data += more
    return bytes(data)


def head(peer):
    """The lines before the first empty one; nothing of what follows."""
    data = b""
    while not data.endswith(b"\r\n\r\n"):
        data += exactly(peer, 1)
    return data.split(b"\r\n")


def proof(key):
    return base64.b64encode(hashlib.sha1(key + SALT).digest())


def accept(client):
    """Answers a client's handshake."""
    fields = dict(line.split(b": ", 1) for line in head(client)[1:] if line)
    lines = [
        b"HTTP/1.1 101 Switching Protocols",
        b"Upgrade: websocket",
        b"Connection: Upgrade",
        b"Sec-WebSocket-Accept: " + proof(fields[b"Sec-WebSocket-Key"]),
    ]
    client.sendall(b"\r\n".join(lines) + b"\r\n\r\n")


def ask(server, host):
    """Begins as a client."""
    key = base64.b64encode(os.urandom(16))
    lines = [
        b"GET / HTTP/1.1",
        b"Host: " + host.encode(),
        b"Upgrade: websocket",
        b"Connection: Upgrade",
        b"Sec-WebSocket-Key: " + key,
        b"Sec-WebSocket-Version: 13",
    ]
    server.sendall(b"\r\n".join(lines) + b"\r\n\r\n")
    answer = head(server)
    sure(answer[0].startswith(b"HTTP/1.1 101 "), f"answered {answer[0]!r}")
    sure(b"Sec-WebSocket-Accept: " + proof(key) in answer, "the server does not prove that it is one")


def send(peer, text, masked=False):
    """Clients mask what they send, servers do not."""
    sure(len(text) <= LONGEST, f"{len(text)} bytes are too many")
    if not masked:
        return peer.sendall(struct.pack("BB", BINARY_WHOLE, len(text)) + text)
    mask = os.urandom(4)
    return peer.sendall(struct.pack("BB", BINARY_WHOLE, MASKED | len(text)) + mask + turned(text, mask))


def receive(peer):
    kind, size = exactly(peer, 2)
    sure(kind == BINARY_WHOLE, f"a frame of kind {kind:#x}")
    mask = exactly(peer, 4) if size & MASKED else bytes(4)
    return turned(exactly(peer, size & ~MASKED), mask)


def turned(text, mask):
    return bytes(byte ^ mask[at % 4] for at, byte in enumerate(text))
