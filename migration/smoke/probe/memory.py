"""Memory of every kind. The argument is the amount of the largest part, in MiB."""

import ctypes
import fcntl
import hashlib
import mmap
import os

from kernel import call
from property import Group, child, same, sure

group = Group()

PAGE = 4096


def hashed(data):
    return hashlib.sha256(data).hexdigest()


@group.keeps("memory of its own, by its hash")
def private(size):
    memory = bytearray(int(size) << 20)
    for at in range(0, len(memory), 1 << 20):
        memory[at : at + (1 << 20)] = os.urandom(1 << 20)
    before = hashed(memory)
    yield
    same(hashed(memory), before, "the hash")


@group.keeps("memory shared with a child")
def shared(_):
    memory = mmap.mmap(-1, 16 * PAGE)
    memory[0:6] = b"parent"
    ask, answer = os.pipe(), os.pipe()

    def work():
        memory[PAGE : PAGE + 5] = b"child"
        os.write(answer[1], b"!")
        os.read(ask[0], 1)
        memory[2 * PAGE : 2 * PAGE + 3] = b"new"
        os.write(answer[1], b"!")

    child(work)
    os.read(answer[0], 1)
    yield
    os.write(ask[1], b"?")
    os.read(answer[0], 1)
    now = [memory[n * PAGE : n * PAGE + length] for n, length in ((0, 6), (1, 5), (2, 3))]
    same(now, [b"parent", b"child", b"new"])


@group.keeps("memory that a child has of its parent, until either writes to it")
def copied_on_write(_):
    memory = bytearray(os.urandom(1024 * PAGE))
    given = hashed(memory[512 * PAGE :])
    ask, answer = os.pipe(), os.pipe()

    def work():
        memory[0:5] = b"child"
        os.write(answer[1], b"!")
        os.read(ask[0], 1)
        kept = memory[0:5] == b"child" and hashed(memory[512 * PAGE :]) == given
        os.write(answer[1], b"y" if kept else b"n")

    child(work)
    os.read(answer[0], 1)
    memory[512 * PAGE : 512 * PAGE + 6] = b"parent"
    now = hashed(memory)
    yield
    same(hashed(memory), now, "the parent's")
    os.write(ask[1], b"?")
    same(os.read(answer[0], 1), b"y", "whether the child's is kept")


@group.keeps("a file in memory (memfd), with its seals")
def memory_file(_):
    file = os.memfd_create("probe", os.MFD_ALLOW_SEALING)
    os.write(file, b"held in memory")
    sealed = os.memfd_create("sealed", os.MFD_ALLOW_SEALING)
    os.write(sealed, b"final")
    fcntl.fcntl(sealed, fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW)
    yield
    same(os.pread(file, 100, 0), b"held in memory")
    same(os.pread(sealed, 100, 0), b"final")
    same(fcntl.fcntl(sealed, fcntl.F_GET_SEALS), fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW, "the seals")


@group.keeps("pages that were never written, unwritten")
def untouched(_):
    memory = mmap.mmap(-1, 1 << 30, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    memory[PAGE : PAGE + 4] = b"here"
    yield
    same(memory[PAGE : PAGE + 4], b"here")
    with open("/proc/self/statm") as file:
        resident = int(file.read().split()[1]) * PAGE
    sure(resident < 1 << 29, f"{resident} bytes are resident: pages nobody wrote were filled")


@group.keeps("memory that may not be written or read")
def protected(_):
    memory = mmap.mmap(-1, 2 * PAGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    memory[0:4] = b"kept"
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    call("mprotect", ctypes.c_void_p(address), ctypes.c_size_t(PAGE), 0)
    yield
    with open("/proc/self/maps") as file:
        rights = [line.split()[1] for line in file if line.startswith(f"{address:x}-")]
    same(rights, ["---p"], "what may be done")
    call("mprotect", ctypes.c_void_p(address), ctypes.c_size_t(PAGE), mmap.PROT_READ)
    same(memory[0:4], b"kept")


@group.keeps("memory locked in place")
def locked(_):
    memory = mmap.mmap(-1, 4 * PAGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    call("mlock", ctypes.c_void_p(address), ctypes.c_size_t(4 * PAGE))
    yield
    with open("/proc/self/status") as file:
        found = [line.split()[1] for line in file if line.startswith("VmLck")]
    same(found, ["16"], "KiB locked")
