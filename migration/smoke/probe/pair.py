"""One of two containers of a pod, which talk to each other. The argument: `ROLE,FOLDER`, a role `first` or `second`.

The second container connects to sockets of the first over loopback and by a path in the shared folder.
"""

import fcntl
import mmap
import os
import socket
import threading

from property import Group, read, same, sure, until, write
from sockets import listening, unix_listening

group = Group()

TCP, UDP = 7001, 7002


def parts(argument):
    role, folder = argument.split(",")
    return role == "first", folder


def serving(listener):
    """Answers every connection's words in upper case, each in a thread of its own."""

    def answer(client):
        with client:
            while data := client.recv(100):
                client.sendall(data.upper())

    def accept():
        while True:
            threading.Thread(target=answer, args=(listener.accept()[0],), daemon=True).start()

    listener.settimeout(None)
    threading.Thread(target=accept, daemon=True).start()


def answers(connect):
    with connect() as client:
        client.settimeout(5)
        client.sendall(b"hello")
        return client.recv(100) == b"HELLO"


def tries(connect):
    try:
        return answers(connect)
    except OSError:
        return False


@group.keeps("a TCP listener that the other container reaches over loopback")
def tcp(argument):
    first, _ = parts(argument)
    connect = lambda: socket.create_connection(("127.0.0.1", TCP), 5)
    if first:
        serving(listening(port=TCP))
    else:
        until(lambda: tries(connect), "the other container answers", 30)
    yield
    until(lambda: tries(connect), "the listener answers")


@group.keeps("a UDP socket that the other container reaches over loopback")
def udp(argument):
    first, _ = parts(argument)
    held = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    if first:
        held.bind(("", UDP))

        def echo():
            while True:
                data, sender = held.recvfrom(100)
                held.sendto(data.upper(), sender)

        threading.Thread(target=echo, daemon=True).start()
    yield
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(5)
        client.sendto(b"hello", ("127.0.0.1", UDP))
        same(client.recv(100), b"HELLO")


@group.keeps("a unix listener in the shared folder, reached by the other container")
def unix(argument):
    first, folder = parts(argument)
    path = os.path.join(folder, "listener")

    def connect():
        client = socket.socket(socket.AF_UNIX)
        client.connect(path)
        return client

    if first:
        serving(unix_listening(path))
    else:
        until(lambda: tries(connect), "the other container answers", 30)
    yield
    until(lambda: tries(connect), "the listener answers by its path")


@group.keeps("files in the shared folder, the same for both")
def files(argument):
    first, folder = parts(argument)
    mine, other = ("first", "second") if first else ("second", "first")
    write(os.path.join(folder, mine), mine.encode())
    until(lambda: os.path.exists(os.path.join(folder, other)), "the other container wrote", 30)
    yield
    same(read(os.path.join(folder, other)), other.encode())
    write(os.path.join(folder, f"{mine}-afterwards"))
    until(lambda: os.path.exists(os.path.join(folder, f"{other}-afterwards")) or first, "the other wrote afterwards")


@group.keeps("shared memory in /dev/shm and by a file, the same for both")
def memory(argument):
    first, folder = parts(argument)
    held = {}
    for path in ("/dev/shm/pair", os.path.join(folder, "mapped")):
        if first:
            write(path + ".new", b"\0" * 8192)
            os.rename(path + ".new", path)
        until(lambda: os.path.exists(path), "the other container made the file", 30)
        with open(path, "r+b") as file:
            held[path] = mmap.mmap(file.fileno(), 8192)
    at = 0 if first else 4096
    for area in held.values():
        area[at : at + 4] = b"mine"
    yield
    for path, area in held.items():
        same(area[at : at + 4], b"mine", f"my part of {path}")
        same(read(path)[at : at + 4], b"mine", f"my part in the file {path}")
        until(lambda: area[4096 - at : 4100 - at] == b"mine", f"the other's part of {path} is there")


@group.keeps("a lock of flock(2) that keeps the other container out")
def lock(argument):
    first, folder = parts(argument)
    file = os.open(os.path.join(folder, "lock"), os.O_RDWR | os.O_CREAT)
    if first:
        fcntl.flock(file, fcntl.LOCK_EX)
    else:
        until(lambda: not free(file), "the other container took the lock", 30)
    yield
    if not first:
        sure(not free(file), "the lock is free")


def free(file):
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    fcntl.flock(file, fcntl.LOCK_UN)
    return True
