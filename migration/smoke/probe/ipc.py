"""What processes share by name: /dev/shm, POSIX semaphores and queues, System V memory, semaphores and queues.

The argument is a word that sets the names apart from those of another container of the pod.
"""

import _multiprocessing
import ctypes
import mmap
import os

from kernel import call, libc
from property import Group, child, read, same, write

group = Group()

libc.shmat.restype = ctypes.c_void_p
libc.shmat.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_int]
CREATE = 0o1000


def key(word, number):
    """Keys of System V objects: one for each word and property."""
    return ctypes.c_int((sum(word.encode()) << 8) + 0x50F0000 + number)


@group.keeps("a file in /dev/shm, with its name and mapped")
def shared_file(word):
    path = write(f"/dev/shm/{word}-file", b"s" * 8192)
    with open(path, "r+b") as file:
        memory = mmap.mmap(file.fileno(), 8192)
    memory[0:4] = b"here"
    yield
    same(read(path)[0:5], b"heres", "what the file holds")
    memory[4096:4099] = b"new"
    same(read(path)[4096:4099], b"new", "what the file has of what is written to the mapping")


@group.keeps("shared memory in /dev/shm that was deleted, between two processes")
def shared_deleted(word):
    path = write(f"/dev/shm/{word}-deleted", b"s" * 8192)
    with open(path, "r+b") as file:
        memory = mmap.mmap(file.fileno(), 8192)
    os.remove(path)
    ask, answer = os.pipe(), os.pipe()

    def work():
        os.write(answer[1], b"!")
        os.read(ask[0], 1)
        memory[0:5] = b"child"
        os.write(answer[1], b"!")

    child(work)
    os.read(answer[0], 1)
    yield
    os.write(ask[1], b"?")
    os.read(answer[0], 1)
    same(memory[0:6], b"childs")


@group.keeps("a POSIX semaphore without a name, between two processes")
def semaphore(word):
    held = _multiprocessing.SemLock(1, 3, 10, f"/{word}-unnamed", True)
    held.acquire()
    ask, answer = os.pipe(), os.pipe()

    def work():
        os.read(ask[0], 1)
        held.release()
        os.write(answer[1], b"!")

    child(work)
    yield
    same(held._get_value(), 2)
    os.write(ask[1], b"?")
    os.read(answer[0], 1)
    same(held._get_value(), 3, "its value after the other process's release")


@group.keeps("System V shared memory")
def system_v_memory(word):
    number = call("shmget", key(word, 1), ctypes.c_size_t(8192), CREATE | 0o600)
    address = libc.shmat(number, None, 0)
    ctypes.memmove(address, b"system five", 11)
    yield
    same(ctypes.string_at(address, 11), b"system five")
    same(call("shmget", key(word, 1), ctypes.c_size_t(0), 0), number, "its identifier")
    again = libc.shmat(number, None, 0)
    ctypes.memmove(again, b"SYS", 3)
    same(ctypes.string_at(address, 11), b"SYStem five", "what one attachment sees of the other")


@group.keeps("System V semaphores")
def system_v_semaphore(word):
    number = call("semget", key(word, 2), 2, CREATE | 0o600)
    call("semctl", number, 1, 16, 5)
    yield
    same(call("semget", key(word, 2), 0, 0), number, "its identifier")
    same(call("semctl", number, 1, 12), 5, "its value")


@group.keeps("a System V message queue with a message")
def system_v_queue(word):
    class Message(ctypes.Structure):
        _fields_ = [("type", ctypes.c_long), ("text", ctypes.c_char * 16)]

    number = call("msgget", key(word, 3), CREATE | 0o600)
    call("msgsnd", number, ctypes.byref(Message(9, b"in the queue")), ctypes.c_size_t(16), 0)
    yield
    got = Message()
    call("msgrcv", number, ctypes.byref(got), ctypes.c_size_t(16), ctypes.c_long(9), 0o4000)
    same(got.text, b"in the queue")
