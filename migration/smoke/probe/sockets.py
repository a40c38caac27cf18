"""Sockets, of the network and of the pod itself. The argument is a folder for those with a path."""

import array
import fcntl
import os
import select
import socket
import threading

from property import Group, child, same, sure, until, write

group = Group()

LOOPBACK = {socket.AF_INET: "127.0.0.1", socket.AF_INET6: "::1"}
SECONDS = 5


def listening(family=socket.AF_INET, address="", port=0):
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    listener.bind((address, port))
    listener.listen(16)
    return listener


def talks(listener, family=socket.AF_INET):
    """Connects to a listener, which has to accept, and sends a word each way."""
    with socket.create_connection((LOOPBACK[family], listener.getsockname()[1]), SECONDS) as client:
        listener.settimeout(SECONDS)
        served, _ = listener.accept()
        with served:
            client.sendall(b"hello")
            same(served.recv(100), b"hello", "what the server got")
            served.sendall(b"welcome")
            same(client.recv(100), b"welcome", "what the client got")


@group.keeps("a TCP listener on all addresses, IPv4")
def listener_4(_):
    listener = listening()
    port = listener.getsockname()
    yield
    same(listener.getsockname(), port, "its address")
    talks(listener)


@group.keeps("a TCP listener on all addresses, IPv6")
def listener_6(_):
    listener = listening(socket.AF_INET6)
    yield
    talks(listener, socket.AF_INET6)


@group.keeps("a TCP listener on the loopback address, IPv4 and IPv6")
def listener_loopback(_):
    four, six = listening(address="127.0.0.1"), listening(socket.AF_INET6, "::1")
    yield
    talks(four)
    talks(six, socket.AF_INET6)


@group.keeps("options of a listener")
def listener_options(_):
    listener = listening()
    options = [(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1), (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]
    options += [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1), (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 77)]
    for level, option, value in options:
        listener.setsockopt(level, option, value)
    fcntl.fcntl(listener, fcntl.F_SETFL, os.O_NONBLOCK)
    yield
    same([listener.getsockopt(level, option) for level, option, _ in options], [value for *_, value in options])
    sure(fcntl.fcntl(listener, fcntl.F_GETFL) & os.O_NONBLOCK, "it blocks now")


@group.keeps("a listener whose clients nobody has accepted yet")
def backlog(_):
    listener = listening()
    waiting = [socket.create_connection(("127.0.0.1", listener.getsockname()[1])) for _ in range(3)]
    yield
    for client in waiting:
        client.settimeout(SECONDS)
        sure(learns(client), "a client that was waiting is not told that its connection is gone")
    while select.select([listener], [], [], 0.2)[0]:
        listener.accept()[0].close()
    talks(listener)


@group.keeps("the end of a connection within the pod: both sides are told at once")
def connection(_):
    listener = listening()
    client = socket.create_connection(("127.0.0.1", listener.getsockname()[1]))
    server, _ = listener.accept()
    told = {}

    def wait(name, end):
        end.settimeout(60)
        told[name] = learns(end)

    for name, end in {"client": client, "server": server}.items():
        threading.Thread(target=wait, args=(name, end), daemon=True).start()
    yield
    until(lambda: len(told) == 2, f"a blocked reader is told on both sides, only {list(told)} was", SECONDS)
    same(told, {"client": True, "server": True})
    client.close()
    server.close()
    talks(listener)


def learns(end):
    """Whether a read ends because the connection did."""
    try:
        return end.recv(100) == b""
    except TimeoutError:
        return False
    except OSError:
        return True


@group.keeps("a UDP socket on all addresses")
def datagrams(_):
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("", 0))
    server.settimeout(SECONDS)
    address = server.getsockname()
    yield
    same(server.getsockname(), address, "its address")
    echo_datagram(server, socket.AF_INET)


@group.keeps("a UDP socket on all addresses, IPv6")
def datagrams_6(_):
    server = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    server.bind(("", 0))
    server.settimeout(SECONDS)
    yield
    echo_datagram(server, socket.AF_INET6)


def echo_datagram(server, family):
    with socket.socket(family, socket.SOCK_DGRAM) as client:
        client.settimeout(SECONDS)
        client.sendto(b"ping", (LOOPBACK[family], server.getsockname()[1]))
        data, sender = server.recvfrom(100)
        server.sendto(data + b" pong", sender)
        same(client.recv(100), b"ping pong")


@group.keeps("two UDP sockets connected to each other over the loopback address")
def datagrams_connected(_):
    pair = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
    for end in pair:
        end.bind(("127.0.0.1", 0))
        end.settimeout(SECONDS)
    pair[0].connect(pair[1].getsockname())
    pair[1].connect(pair[0].getsockname())
    yield
    pair[0].send(b"ping")
    same(pair[1].recv(100), b"ping")


@group.keeps("a UDP socket that was never bound")
def datagrams_unbound(_):
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    yield
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))
    server.settimeout(SECONDS)
    client.sendto(b"ping", server.getsockname())
    same(server.recv(100), b"ping")


@group.keeps("a unix listener with a path, and one with an abstract name")
def unix_listener(where):
    addresses = [os.path.join(where, "listener"), f"\0probe{where}"]
    listeners = [unix_listening(address) for address in addresses]
    yield
    for listener, address in zip(listeners, addresses):
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(SECONDS)
            client.connect(address)
            served, _ = listener.accept()
            client.sendall(b"hello")
            same(served.recv(100), b"hello", f"over {address!r}")
            served.close()


def unix_listening(address):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address)
    listener.listen(4)
    listener.settimeout(SECONDS)
    return listener


@group.keeps("a unix connection with bytes on their way in both directions")
def unix_connection(where):
    listener = unix_listening(os.path.join(where, "connected"))
    client = socket.socket(socket.AF_UNIX)
    client.connect(os.path.join(where, "connected"))
    server, _ = listener.accept()
    client.sendall(b"to the server")
    server.sendall(b"to the client")
    yield
    for end in (client, server):
        end.settimeout(SECONDS)
    same((server.recv(100), client.recv(100)), (b"to the server", b"to the client"), "what was on its way")
    client.sendall(b"more")
    same(server.recv(100), b"more")


@group.keeps("unix datagram sockets, by path and by abstract name, with a datagram on its way")
def unix_datagrams(where):
    ends = []
    for address in (os.path.join(where, "datagrams"), f"\0probe-datagrams{where}"):
        server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        server.bind(address)
        server.settimeout(SECONDS)
        client = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        client.connect(address)
        client.send(b"on its way")
        ends.append((server, client, address))
    yield
    for server, client, address in ends:
        same(server.recv(100), b"on its way", f"what was on its way to {address!r}")
        client.send(b"later")
        same(server.recv(100), b"later", f"what was sent to {address!r} afterwards")


@group.keeps("a unix connection of packets (SOCK_SEQPACKET)")
def unix_packets(_):
    first, second = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    first.send(b"one")
    first.send(b"two")
    yield
    second.settimeout(SECONDS)
    same([second.recv(100), second.recv(100)], [b"one", b"two"])


@group.keeps("a socketpair between processes")
def socket_pair(_):
    ours, theirs = socket.socketpair()

    def work():
        while data := theirs.recv(100):
            theirs.sendall(data.upper())

    child(work)
    theirs.close()
    ours.sendall(b"before")
    same(ours.recv(100), b"BEFORE")
    yield
    ours.settimeout(SECONDS)
    ours.sendall(b"after")
    same(ours.recv(100), b"AFTER")


@group.keeps("an open file on its way through a socket")
def passed_file(where):
    ours, theirs = socket.socketpair()
    file = os.open(write(os.path.join(where, "passed"), b"passed on"), os.O_RDONLY)
    socket.send_fds(ours, [b"!"], [file])
    os.close(file)
    yield
    theirs.settimeout(SECONDS)
    _, files, _, _ = socket.recv_fds(theirs, 10, 1)
    same(os.pread(files[0], 100, 0), b"passed on")


@group.keeps("a netlink socket")
def netlink(_):
    held = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
    held.bind((0, 0))
    yield
    held.settimeout(SECONDS)
    # nlmsghdr and rtgenmsg of RTM_GETLINK, dump (rtnetlink(7))
    request = array.array("B", [20, 0, 0, 0, 18, 0, 1, 3, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
    held.send(request)
    sure(len(held.recv(65536)) > 16, "it does not answer")


@group.keeps("half of a unix connection that its peer closed, with what is left to read")
def unix_half(_):
    ours, theirs = socket.socketpair()
    theirs.sendall(b"last words")
    theirs.close()
    yield
    ours.settimeout(SECONDS)
    same((ours.recv(100), ours.recv(100)), (b"last words", b""))
