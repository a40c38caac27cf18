"""Files as they lie in a folder, which is the argument."""

import hashlib
import os
import stat
import struct

from property import Group, read, same, sure, write

group = Group()


def place(where, name):
    """A folder of its own for each property, so that none touches another's times and link counts."""
    path = os.path.join(where, "tree", name)
    os.makedirs(path)
    return path


@group.keeps("content of a new file")
def new_file(where):
    path = write(os.path.join(place(where, "new"), "file"))
    yield
    same(read(path), b"as written before the move")


@group.keeps("a large file")
def large_file(where):
    content = os.urandom(1 << 20) * 20
    path = write(os.path.join(place(where, "large"), "file"), content)
    yield
    same(hashlib.sha256(read(path)).hexdigest(), hashlib.sha256(content).hexdigest(), "its hash")


@group.keeps("an empty file and an empty folder")
def empty(where):
    path = place(where, "empty")
    write(os.path.join(path, "file"), b"")
    os.mkdir(os.path.join(path, "folder"))
    yield
    same(sorted(os.listdir(path)), ["file", "folder"])
    same(os.stat(os.path.join(path, "file")).st_size, 0)


@group.keeps("modes of files and folders")
def modes(where):
    path = place(where, "modes")
    wanted = {"none": 0o000, "setuid": 0o4711, "setgid": 0o2755, "odd": 0o641}
    for name, mode in wanted.items():
        os.chmod(write(os.path.join(path, name)), mode)
    os.mkdir(os.path.join(path, "sticky"))
    os.chmod(os.path.join(path, "sticky"), 0o1777)
    wanted["sticky"] = 0o1777
    yield
    same({name: stat.S_IMODE(os.lstat(os.path.join(path, name)).st_mode) for name in wanted}, wanted)


@group.keeps("owners")
def owners(where):
    path = place(where, "owners")
    file, link = write(os.path.join(path, "file")), os.path.join(path, "link")
    os.symlink("file", link)
    os.lchown(link, 70001, 70002)
    os.chown(file, 1234, 4294967294 - 7)
    os.chown(path, 55, 66)
    yield
    owner = [(s.st_uid, s.st_gid) for s in (os.lstat(link), os.stat(file), os.stat(path))]
    same(owner, [(70001, 70002), (1234, 4294967294 - 7), (55, 66)])


@group.keeps("times of change, to the nanosecond")
def times(where):
    path = place(where, "times")
    file = write(os.path.join(path, "file"))
    os.utime(file, ns=(10**18 + 1, 10**18 + 123456789))
    os.utime(path, ns=(10**18 + 1, 10**18 + 987654321))
    yield
    same([os.stat(file).st_mtime_ns, os.stat(path).st_mtime_ns], [10**18 + 123456789, 10**18 + 987654321])


@group.keeps("hard links")
def hard_links(where):
    path = place(where, "hard-links")
    first, second = os.path.join(path, "first"), os.path.join(path, "folder", "second")
    os.mkdir(os.path.dirname(second))
    os.link(write(first), second)
    yield
    sure(os.path.samefile(first, second), "the two names are two files now")
    same(os.stat(first).st_nlink, 2, "the number of links")


@group.keeps("symbolic links, also to nothing")
def symlinks(where):
    path = place(where, "symlinks")
    wanted = {"relative": "../new/file", "absolute": "/etc/passwd", "dangling": "nowhere/at all", "long": "x" * 200}
    for name, target in wanted.items():
        os.symlink(target, os.path.join(path, name))
    yield
    same({name: os.readlink(os.path.join(path, name)) for name in wanted}, wanted)


@group.keeps("extended attributes")
def attributes(where):
    path = place(where, "attributes")
    wanted = {"user.podferry": b"value", "user.binary": bytes(range(256)), "user.empty": b""}
    for target in (write(os.path.join(path, "file")), path):
        for name, value in wanted.items():
            os.setxattr(target, name, value)
    yield
    for target in (os.path.join(path, "file"), path):
        same({name: os.getxattr(target, name) for name in os.listxattr(target) if name in wanted}, wanted)


@group.keeps("capabilities of a file")
def capabilities(where):
    file = write(os.path.join(place(where, "capabilities"), "file"))
    # vfs_cap_data, version 2, effective: cap_net_bind_service (linux/capability.h)
    value = struct.pack("<IIIII", 0x02000001, 1 << 10, 0, 0, 0)
    os.setxattr(file, "security.capability", value)
    yield
    same(os.getxattr(file, "security.capability"), value)


@group.keeps("access control lists")
def access_lists(where):
    file = write(os.path.join(place(where, "acl"), "file"))
    # posix_acl_xattr: version 2, then tag, permissions and id of each entry (linux/posix_acl_xattr.h)
    entries = [(1, 6, 0xFFFFFFFF), (2, 4, 4321), (4, 4, 0xFFFFFFFF), (16, 4, 0xFFFFFFFF), (32, 0, 0xFFFFFFFF)]
    value = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)
    os.setxattr(file, "system.posix_acl_access", value)
    yield
    same(os.getxattr(file, "system.posix_acl_access"), value)


@group.keeps("holes of a sparse file")
def sparse(where):
    file = os.path.join(place(where, "sparse"), "file")
    with open(file, "wb") as out:
        out.truncate(256 << 20)
        out.seek(128 << 20)
        out.write(b"an island")
    yield
    found = os.stat(file)
    same(found.st_size, 256 << 20, "its size")
    sure(found.st_blocks * 512 < 4 << 20, f"its holes are filled: {found.st_blocks * 512} bytes on the file system")
    with open(file, "rb") as now:
        now.seek(128 << 20)
        same(now.read(9), b"an island")


@group.keeps("files with odd names")
def odd_names(where):
    path = os.fsencode(place(where, "odd-names"))
    names = [b"new\nline", "grüße 🙂".encode(), b"-rf", b" ", b"*?[a]", b'"quoted\\', b"\xff\xfe not UTF-8", b"n" * 255]
    for name in names:
        write(os.path.join(path, name), name)
    yield
    same(sorted(os.listdir(path)), sorted(names))
    for name in names:
        same(read(os.path.join(path, name)), name)


@group.keeps("a path deeper than 1,000 characters")
def deep(where):
    path = os.path.join(place(where, "deep"), *["d" * 100] * 12)
    os.makedirs(path)
    file = write(os.path.join(path, "file"))
    yield
    same(read(file), b"as written before the move")


@group.keeps("a FIFO and its mode")
def fifo(where):
    path = os.path.join(place(where, "special"), "fifo")
    os.mkfifo(path, 0o640)
    before = os.stat(path).st_mode
    yield
    same(os.stat(path).st_mode, before)


@group.keeps("a file deleted before the move")
def deleted(where):
    path = place(where, "deleted")
    os.remove(write(os.path.join(path, "file")))
    yield
    same(os.listdir(path), [])
