"""inotify watches on files and folders in the folder that is the argument (inotify(7))."""

import os
import struct

from kernel import call
from property import Group, sure, write

group = Group()

MODIFIED, CREATED = 0x2, 0x100


@group.keeps("a watch on a folder")
def folder(where):
    path = os.path.join(where, "watched")
    os.makedirs(path)
    watches = call("inotify_init1", os.O_NONBLOCK)
    number = call("inotify_add_watch", watches, os.fsencode(path), CREATED)
    yield
    write(os.path.join(path, "new"))
    sure((number, CREATED, b"new") in events(watches), "it saw no new file")


@group.keeps("a watch on a file")
def file(where):
    path = write(os.path.join(where, "watched-file"))
    watches = call("inotify_init1", os.O_NONBLOCK)
    number = call("inotify_add_watch", watches, os.fsencode(path), MODIFIED)
    yield
    write(path, b"other content")
    sure((number, MODIFIED, b"") in events(watches), "it saw no change")


def events(watches):
    """Watch, mask and name of each event that waits."""
    try:
        data = os.read(watches, 65536)
    except BlockingIOError:
        return []
    found = []
    while data:
        number, mask, _, length = struct.unpack_from("iIII", data)
        found.append((number, mask, data[16 : 16 + length].rstrip(b"\0")))
        data = data[16 + length :]
    return found
