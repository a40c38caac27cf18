"""Files that a process holds open, in the folder that is the argument."""

import ctypes
import fcntl
import mmap
import os

from property import Group, child, read, same, sure, write

group = Group()


def place(where, name):
    path = os.path.join(where, "held", name)
    os.makedirs(path)
    return path


@group.keeps("the position in an open file")
def position(where):
    file = open(write(os.path.join(place(where, "position"), "file"), b"0123456789"), "rb", buffering=0)
    file.read(4)
    yield
    same(file.read(3), b"456", "what is read next")


@group.keeps("the position that two descriptors share")
def shared_position(where):
    first = os.open(write(os.path.join(place(where, "shared"), "file"), b"0123456789"), os.O_RDONLY)
    second = os.dup(first)
    yield
    os.read(first, 6)
    same(os.read(second, 2), b"67", "what the second reads")


@group.keeps("O_APPEND, O_NONBLOCK and close-on-exec")
def flags(where):
    path = write(os.path.join(place(where, "flags"), "file"), b"begun")
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK | os.O_CLOEXEC)
    kept = os.dup2(file, 200, inheritable=True)
    yield
    wanted = os.O_APPEND | os.O_NONBLOCK
    same(fcntl.fcntl(file, fcntl.F_GETFL) & wanted, wanted, "the flags")
    same((os.get_inheritable(file), os.get_inheritable(kept)), (False, True), "what programs inherit")
    os.lseek(file, 0, os.SEEK_SET)
    os.write(file, b" and ended")
    same(read(path), b"begun and ended")


@group.keeps("an open file that was deleted")
def unlinked(where):
    path = write(os.path.join(place(where, "unlinked"), "file"), b"nowhere to be found")
    file = open(path, "r+b", buffering=0)
    os.remove(path)
    yield
    same(file.read(), b"nowhere to be found")
    file.write(b", still")
    file.seek(0)
    same(file.read(), b"nowhere to be found, still")
    sure(not os.path.lexists(path), "its name is back")


@group.keeps("a large open file that was deleted")
def unlinked_large(where):
    folder = place(where, "unlinked-large")
    free = os.statvfs(folder)
    content = os.urandom(1 << 20) * min(80, free.f_bavail * free.f_frsize >> 22)
    path = write(os.path.join(folder, "file"), content)
    file = open(path, "rb", buffering=0)
    os.remove(path)
    yield
    sure(os.pread(file.fileno(), len(content), 0) == content, "its content is another")


@group.keeps("an open file that was renamed")
def renamed(where):
    folder = place(where, "renamed")
    file = open(write(os.path.join(folder, "before")), "r+b", buffering=0)
    os.rename(os.path.join(folder, "before"), os.path.join(folder, "after"))
    yield
    file.write(b"AS")
    same(read(os.path.join(folder, "after"))[:4], b"AS w")


@group.keeps("a file that was made without a name (O_TMPFILE)")
def nameless(where):
    file = os.open(place(where, "nameless"), os.O_TMPFILE | os.O_RDWR)
    os.write(file, b"no name")
    yield
    same(os.pread(file, 100, 0), b"no name")


@group.keeps("an open folder")
def folder_held(where):
    path = place(where, "folder")
    write(os.path.join(path, "inside"))
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    yield
    same(os.listdir(folder), ["inside"])


@group.keeps("the working folder, also one that was deleted")
def working_folder(where):
    """Each in a process of its own, which waits for a byte and then tells where it is."""
    path, gone = place(where, "working"), place(where, "gone")
    os.mkdir(os.path.join(path, "here"))
    first, second = working_in(path), working_in(gone)
    os.rmdir(gone)
    yield
    same(asked(first), b"here", "what is in the working folder")
    same(asked(second), b"", "what is in the deleted working folder")


def working_in(path):
    ask, answer = os.pipe(), os.pipe()

    def work():
        os.chdir(path)
        os.write(answer[1], b"!")
        os.read(ask[0], 1)
        os.write(answer[1], os.fsencode(",".join(os.listdir("."))) + b"\n")

    child(work)
    os.read(answer[0], 1)
    return ask[1], answer[0]


def asked(pipes):
    os.write(pipes[0], b"?")
    return os.read(pipes[1], 1000).strip()


@group.keeps("a file mapped into memory, shared")
def mapped_shared(where):
    path = write(os.path.join(place(where, "mapped"), "file"), b"m" * 8192)
    file = open(path, "r+b")
    memory = mmap.mmap(file.fileno(), 8192)
    file.close()
    memory[0:5] = b"first"
    yield
    same(memory[0:5], b"first", "what was written before")
    memory[4096:4101] = b"later"
    same(read(path)[4096:4101], b"later", "what the file has of what is written now")


@group.keeps("a file mapped into memory, private")
def mapped_private(where):
    path = write(os.path.join(place(where, "private"), "file"), b"m" * 8192)
    with open(path, "rb") as file:
        memory = mmap.mmap(file.fileno(), 8192, access=mmap.ACCESS_COPY)
    memory[0:5] = b"first"
    yield
    same((memory[0:5], memory[4096:4097]), (b"first", b"m"), "the mapping")
    same(read(path), b"m" * 8192, "the file")


@group.keeps("a deleted file mapped into memory")
def mapped_deleted(where):
    path = write(os.path.join(place(where, "mapped-deleted"), "file"), b"m" * 8192)
    with open(path, "r+b") as file:
        memory = mmap.mmap(file.fileno(), 8192)
    os.remove(path)
    memory[0:5] = b"first"
    yield
    same(memory[0:6], b"firstm")


@group.keeps("a lock of flock(2)")
def locked(where):
    path = write(os.path.join(place(where, "flock"), "file"))
    held = os.open(path, os.O_RDWR)
    fcntl.flock(held, fcntl.LOCK_EX)
    yield
    sure(refused(path, lambda other: fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)), "another got the lock")
    fcntl.flock(held, fcntl.LOCK_UN)
    sure(not refused(path, lambda other: fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)), "nobody gets it")


@group.keeps("a lock of fcntl(2) on a part of a file")
def record_locked(where):
    path = write(os.path.join(place(where, "fcntl"), "file"), b"0123456789")
    held = os.open(path, os.O_RDWR)
    fcntl.lockf(held, fcntl.LOCK_EX, 4, 2)
    yield
    attempt = lambda start: lambda other: fcntl.lockf(other, fcntl.LOCK_EX | fcntl.LOCK_NB, 2, start)
    sure(refused(path, attempt(3)), "another got the locked part")
    sure(not refused(path, attempt(8)), "another does not get the part that is free")


@group.keeps("a lock of an open file description")
def description_locked(where):
    path = write(os.path.join(place(where, "ofd"), "file"))
    held = os.open(path, os.O_RDWR)
    fcntl.fcntl(held, 37, whole_file_lock())
    yield
    sure(refused(path, lambda other: fcntl.fcntl(other, 37, whole_file_lock())), "another got the lock")


def whole_file_lock():
    """struct flock for F_OFD_SETLK (37): a write lock from 0 to the end."""

    class Flock(ctypes.Structure):
        _fields_ = [("type", ctypes.c_short), ("whence", ctypes.c_short), ("start", ctypes.c_long)]
        _fields_ += [("length", ctypes.c_long), ("pid", ctypes.c_int)]

    return bytes(Flock(fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0))


def refused(path, lock):
    """Whether another process cannot have the lock."""

    def attempt():
        other = os.open(path, os.O_RDWR)
        try:
            lock(other)
        except OSError:
            os._exit(7)

    _, status = os.waitpid(child(attempt), 0)
    return os.waitstatus_to_exitcode(status) == 7
