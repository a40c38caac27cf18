"""Whatever processes wait on: epoll, timers, eventfd, signalfd, pipes. The argument is a folder for FIFOs."""

import ctypes
import fcntl
import os
import select
import signal
import termios
import threading
import time

from kernel import call
from property import Group, child, same, sure, until

group = Group()


@group.keeps("an epoll set: what it watches, how, and what is ready")
def polled(_):
    level, edge, once = os.pipe(), os.pipe(), os.pipe()
    poll = select.epoll()
    poll.register(level[0], select.EPOLLIN)
    poll.register(edge[0], select.EPOLLIN | select.EPOLLET)
    poll.register(once[0], select.EPOLLIN | select.EPOLLONESHOT)
    os.write(level[1], b"!")
    same(poll.poll(1), [(level[0], select.EPOLLIN)], "what is ready")
    yield
    same([event for event in poll.poll(1) if event[0] == level[0]], [(level[0], select.EPOLLIN)], "what is ready")
    os.read(level[0], 1)
    for end in (edge, once):
        os.write(end[1], b"!")
    same(sorted(poll.poll(1)), sorted([(edge[0], select.EPOLLIN), (once[0], select.EPOLLIN)]), "what became ready")
    os.write(once[1], b"!")
    same(poll.poll(0), [], "what is told twice")


@group.keeps("an epoll set within an epoll set")
def polled_twice(_):
    ends = os.pipe()
    inner, outer = select.epoll(), select.epoll()
    inner.register(ends[0], select.EPOLLIN)
    outer.register(inner.fileno(), select.EPOLLIN)
    yield
    os.write(ends[1], b"!")
    same(outer.poll(1), [(inner.fileno(), select.EPOLLIN)])


@group.keeps("a thread that is blocked in a poll")
def blocked(_):
    ends = os.pipe()
    seen = []
    threading.Thread(target=lambda: seen.append(select.select([ends[0]], [], [])[0]), daemon=True).start()
    yield
    same(seen, [], "it came back on its own")
    os.write(ends[1], b"!")
    until(lambda: seen, "it wakes")


@group.keeps("a timerfd that repeats, and one that is set for later")
def timer_files(_):
    repeats = os.timerfd_create(time.CLOCK_MONOTONIC, flags=os.TFD_NONBLOCK)
    os.timerfd_settime(repeats, initial=0.1, interval=0.1)
    later = os.timerfd_create(time.CLOCK_MONOTONIC, flags=os.TFD_NONBLOCK)
    os.timerfd_settime(later, initial=500.0)
    began = time.monotonic()
    yield
    drain(repeats)
    until(lambda: drain(repeats), "it fires again")
    left, _ = os.timerfd_gettime(later)
    expected = 500 - (time.monotonic() - began)
    sure(abs(left - expected) < 5, f"{left} s are left, not {expected}")


def drain(file, size=8):
    try:
        return os.read(file, size)
    except BlockingIOError:
        return b""


@group.keeps("interval timers")
def interval_timer(_):
    rings = []
    signal.signal(signal.SIGALRM, lambda *_: rings.append(1))
    signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
    yield
    before = len(rings)
    until(lambda: len(rings) > before + 2, "it rings on")
    signal.setitimer(signal.ITIMER_REAL, 0)


@group.keeps("POSIX timers")
def posix_timer(_):
    timer = ctypes.c_void_p()
    # sigevent: no value, SIGRTMIN+3, SIGEV_SIGNAL
    event = (ctypes.c_char * 64)()
    ctypes.c_int.from_buffer(event, 8).value = signal.SIGRTMIN + 3
    rings = []
    signal.signal(signal.SIGRTMIN + 3, lambda *_: rings.append(1))
    call("timer_create", 1, event, ctypes.byref(timer))
    call("timer_settime", timer, 0, (ctypes.c_long * 4)(0, 50_000_000, 0, 50_000_000), None)
    yield
    before = len(rings)
    until(lambda: len(rings) > before + 2, "it rings on")
    call("timer_delete", timer)


@group.keeps("an eventfd and its count")
def event_file(_):
    events = os.eventfd(7)
    yield
    same(os.eventfd_read(events), 7)


@group.keeps("a signalfd, and a signal that waits in it")
def signal_file(_):
    number = signal.SIGRTMIN + 5
    signal.pthread_sigmask(signal.SIG_BLOCK, [number])
    mask = (ctypes.c_ulong * 16)(1 << (number - 1))
    file = call("signalfd", -1, mask, os.O_NONBLOCK)
    signal.pthread_kill(threading.main_thread().ident, number)
    yield
    same(int.from_bytes(os.read(file, 128)[0:4], "little"), number, "the signal that waited")
    signal.pthread_kill(threading.main_thread().ident, number)
    same(int.from_bytes(os.read(file, 128)[0:4], "little"), number, "the signal sent afterwards")


@group.keeps("a pipe with bytes in it, its size and its flags")
def full_pipe(_):
    ends = os.pipe2(os.O_NONBLOCK)
    fcntl.fcntl(ends[1], fcntl.F_SETPIPE_SZ, 1 << 18)
    content = os.urandom(200_000)
    os.write(ends[1], content)
    yield
    sure(fcntl.fcntl(ends[1], fcntl.F_GETPIPE_SZ) >= 1 << 18, "it is smaller")
    got = b"".join(iter(lambda: drain(ends[0], 65536), b""))
    sure(got == content, f"{len(got)} bytes of {len(content)}, or others")


@group.keeps("a pipe between two processes, one blocked in reading")
def pipe_between(_):
    ask, answer = os.pipe(), os.pipe()

    def work():
        while data := os.read(ask[0], 100):
            os.write(answer[1], data.upper())

    child(work)
    os.write(ask[1], b"before")
    same(os.read(answer[0], 100), b"BEFORE")
    yield
    os.write(ask[1], b"after")
    same(os.read(answer[0], 100), b"AFTER")


@group.keeps("an open FIFO with bytes in it")
def fifo(where):
    path = os.path.join(where, "fifo")
    os.mkfifo(path)
    file = os.open(path, os.O_RDWR)
    os.write(file, b"in the FIFO")
    yield
    same(os.read(file, 100), b"in the FIFO")
    writer = os.open(path, os.O_WRONLY)
    os.write(writer, b"by its name")
    same(os.read(file, 100), b"by its name")


@group.keeps("a pidfd of a child")
def process_file(_):
    pid = child(lambda: time.sleep(300))
    file = os.pidfd_open(pid)
    yield
    signal.pidfd_send_signal(file, signal.SIGKILL)
    same(os.waitid(os.P_PIDFD, file, os.WEXITED).si_status, signal.SIGKILL)


@group.keeps("a pseudo-terminal and its settings")
def terminal(_):
    main, other = os.openpty()
    settings = termios.tcgetattr(other)
    settings[3] &= ~termios.ECHO
    termios.tcsetattr(other, termios.TCSANOW, settings)
    yield
    same(termios.tcgetattr(other)[3] & termios.ECHO, 0, "echo")
    os.write(main, b"typed\n")
    same(os.read(other, 100), b"typed\n")
