"""A server for clients outside the pod, on the port that is the argument."""

import socket
import threading

from property import Group, same, sure, until
from sockets import learns, listening

group = Group()


@group.keeps("that a blocked server is told of its client's end, and its listener")
def blocked_server(port):
    listener = listening(port=int(port))
    held, told = [], []

    def serve():
        while True:
            client, _ = listener.accept()
            held.append(client)
            client.sendall(b"hello")
            told.append(learns(client))

    threading.Thread(target=serve, daemon=True).start()
    until(lambda: held, "a client came", 30)
    yield
    until(lambda: told, "the end of the connection is told to whoever is blocked in reading")
    sure(told[0], "what was told is data")
    with socket.create_connection(("127.0.0.1", int(port)), 5) as client:
        same(client.recv(100), b"hello", "what a new client gets")
