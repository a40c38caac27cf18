"""Processes, threads and what the kernel knows of them. The argument is not used."""

import ctypes
import os
import resource
import signal
import threading
import time

from kernel import call
from property import Group, child, same, sure, until

group = Group()


def pipe_child(work):
    """A child that answers every byte it gets with a line of text: asks(pid) and its pid."""
    ask, answer = os.pipe(), os.pipe()

    def serve():
        state = work()
        os.write(answer[1], b"ready\n")
        while os.read(ask[0], 1):
            os.write(answer[1], repr(state()).encode() + b"\n")

    pid = child(serve)
    os.read(answer[0], 100)

    def asks():
        os.write(ask[1], b"?")
        return os.read(answer[0], 4096).decode().strip()

    return asks, pid


def state_of(pid):
    """The letter of a process's state and its fields after it (proc_pid_stat(5))."""
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rsplit(")", 1)[1].split()


@group.keeps("this process: its number, its parent, its name, its arguments")
def itself(_):
    def look():
        with open("/proc/self/cmdline") as line, open("/proc/self/comm") as name:
            return os.getpid(), os.getppid(), line.read(), name.read()

    before = look()
    yield
    same(look(), before)


@group.keeps("a child that answers, with the number it had")
def answering_child(_):
    asks, pid = pipe_child(lambda: os.getpid)
    yield
    same(asks(), str(pid))
    same(int(state_of(pid)[1]), os.getpid(), "its parent")


@group.keeps("threads that count on")
def threads(_):
    counts = [0] * 5

    def count(number):
        while True:
            counts[number] += 1
            time.sleep(0.01)

    for number in range(5):
        threading.Thread(target=count, args=(number,), daemon=True, name=f"count-{number}").start()
    until(lambda: all(counts), "threads began")
    yield
    before = list(counts)
    until(lambda: all(now > then for now, then in zip(counts, before)), f"all count on from {before}")


@group.keeps("process groups and sessions")
def sessions(_):
    def apart():
        os.setsid()
        return lambda: (os.getpgid(0), os.getsid(0))

    def grouped():
        os.setpgid(0, 0)
        return lambda: (os.getpgid(0), os.getsid(0))

    (first, first_pid), (second, second_pid) = pipe_child(apart), pipe_child(grouped)
    yield
    same(first(), repr((first_pid, first_pid)), "group and session of a session's leader")
    same(second(), repr((second_pid, os.getsid(0))), "group and session of a group's leader")


@group.keeps("an orphan, which belongs to the first process")
def orphan(_):
    ends = os.pipe()

    def fork_on():
        def sleep():
            os.write(ends[1], str(os.getpid()).encode())
            time.sleep(3600)

        child(sleep)

    os.waitpid(child(fork_on), 0)
    pid = int(os.read(ends[0], 20))
    until(lambda: state_of(pid)[1] == "1", "the orphan is the first process's")
    yield
    same(state_of(pid)[0:2], ["S", "1"], "state and parent of the orphan")
    os.kill(pid, signal.SIGKILL)


@group.keeps("a zombie and its exit code")
def zombie(_):
    pid = child(lambda: os._exit(42))
    until(lambda: state_of(pid)[0] == "Z", "the child ended")
    yield
    same(state_of(pid)[0], "Z", "its state")
    same(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 42, "its exit code")


@group.keeps("signal handlers, a blocked signal and one that waits")
def signals(_):
    seen = []
    signal.signal(signal.SIGUSR2, lambda *_: seen.append("usr2"))
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1, signal.SIGRTMIN])
    signal.signal(signal.SIGUSR1, lambda *_: seen.append("usr1"))
    signal.pthread_kill(threading.main_thread().ident, signal.SIGUSR1)
    yield
    same(seen, [], "signals seen before they were let through")
    same(signal.getsignal(signal.SIGHUP), signal.SIG_IGN, "what SIGHUP does")
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGUSR1])
    os.kill(os.getpid(), signal.SIGUSR2)
    until(lambda: sorted(seen) == ["usr1", "usr2"], f"both signals: {seen}")


@group.keeps("niceness, file mode mask, limits, name and parent-death signal")
def attributes(_):
    def look():
        value = ctypes.c_int()
        call("prctl", 2, ctypes.byref(value))
        mask = os.umask(0o077)
        os.umask(mask)
        limits = [resource.getrlimit(number) for number in (resource.RLIMIT_NOFILE, resource.RLIMIT_CORE)]
        with open("/proc/self/comm") as file:
            return os.nice(0), oct(mask), limits, file.read(), value.value

    def change():
        os.nice(7)
        os.umask(0o027)
        resource.setrlimit(resource.RLIMIT_NOFILE, (321, 4321))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        call("prctl", 1, signal.SIGUSR1)
        with open("/proc/self/comm", "w") as file:
            file.write("renamed")
        return look

    asks, _ = pipe_child(change)
    before = asks()
    yield
    same(asks(), before)


@group.keeps("the CPUs that processes and threads may run on, and what their core dumps hold")
def cpus_and_core_filter(_):
    first, *others = sorted(os.sched_getaffinity(0))
    pinned = []

    def core_filter():
        with open("/proc/self/coredump_filter") as file:
            return file.read()

    def pin():
        os.sched_setaffinity(0, {first})
        with open("/proc/self/coredump_filter", "w") as file:
            file.write("0x7f")
        return lambda: (os.sched_getaffinity(0), core_filter())

    def thread():
        os.sched_setaffinity(0, {others[0] if others else first})
        while True:
            pinned[:] = [os.sched_getaffinity(0)]
            time.sleep(0.02)

    asks, _ = pipe_child(pin)
    threading.Thread(target=thread, daemon=True).start()
    until(lambda: pinned, "the thread is pinned")
    before = asks(), list(pinned), os.sched_getaffinity(0), core_filter()
    yield
    pinned.clear()
    until(lambda: pinned, "the thread looks again")
    same((asks(), list(pinned), os.sched_getaffinity(0), core_filter()), before)


@group.keeps("a child subreaper, and the orphans that come to it")
def subreaper(_):
    call("prctl", 36, 1)
    yield
    reaps = ctypes.c_int()
    call("prctl", 37, ctypes.byref(reaps))
    same(reaps.value, 1)


@group.keeps("a process that sleeps")
def sleeping(_):
    pid = child(lambda: time.sleep(300))
    yield
    sure(os.waitpid(pid, os.WNOHANG) == (0, 0), "the sleeper woke or died")
    os.kill(pid, signal.SIGKILL)


@group.keeps("the monotonic clock, which never goes back")
def clock(_):
    before = time.monotonic(), time.clock_gettime(time.CLOCK_BOOTTIME), time.process_time()
    yield
    now = time.monotonic(), time.clock_gettime(time.CLOCK_BOOTTIME), time.process_time()
    for name, then, later in zip(("monotonic", "boot time", "process time"), before, now):
        sure(later >= then, f"{name} was {then}, is {later}")


@group.keeps("what it may do: capabilities, seccomp, no new privileges, user and groups")
def privileges(_):
    def look():
        with open("/proc/self/status") as file:
            lines = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
        names = ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "Seccomp", "Seccomp_filters", "NoNewPrivs"]
        return {name: lines[name] for name in [*names, "Uid", "Gid", "Groups", "Umask"]}

    before = look()
    yield
    same(look(), before)


@group.keeps("the environment, and the root and working folder")
def surroundings(_):
    def look():
        with open("/proc/self/environ", "rb") as file:
            return file.read(), os.readlink("/proc/self/root"), os.getcwd(), dict(os.environ)

    before = look()
    yield
    same(look(), before)
