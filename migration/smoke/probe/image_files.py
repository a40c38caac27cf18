"""Files that the image brings, changed and deleted in the container's writable layer."""

import os
import shutil

from property import Group, read, same, sure, write

group = Group()


@group.keeps("a changed file of the image")
def changed(_):
    with open("/etc/group", "ab") as file:
        file.write(b"moved:x:4242:\n")
    yield
    sure(read("/etc/group").endswith(b"moved:x:4242:\n"), "its change is gone")


@group.keeps("a deleted file of the image")
def deleted(_):
    os.remove("/etc/nsswitch.conf")
    yield
    sure(not os.path.lexists("/etc/nsswitch.conf"), "it is back")


@group.keeps("a deleted folder of the image")
def deleted_folder(_):
    shutil.rmtree("/usr/lib/python3.13/wsgiref")
    yield
    sure(not os.path.lexists("/usr/lib/python3.13/wsgiref"), "it is back")


@group.keeps("a folder of the image that was deleted and made anew")
def opaque(_):
    shutil.rmtree("/usr/lib/python3.13/xmlrpc")
    os.mkdir("/usr/lib/python3.13/xmlrpc")
    write("/usr/lib/python3.13/xmlrpc/mine")
    yield
    same(os.listdir("/usr/lib/python3.13/xmlrpc"), ["mine"])


@group.keeps("a file in the place of a folder, and a folder in the place of a file")
def exchanged(_):
    shutil.rmtree("/usr/lib/python3.13/venv")
    write("/usr/lib/python3.13/venv")
    os.remove("/usr/lib/python3.13/this.py")
    os.mkdir("/usr/lib/python3.13/this.py")
    yield
    sure(os.path.isfile("/usr/lib/python3.13/venv"), "no file in place of the folder")
    sure(os.path.isdir("/usr/lib/python3.13/this.py"), "no folder in place of the file")


@group.keeps("a file of the image that was renamed")
def renamed(_):
    os.rename("/usr/lib/python3.13/antigravity.py", "/tmp/gravity.py")
    content = read("/tmp/gravity.py")
    yield
    same(read("/tmp/gravity.py"), content)
    sure(not os.path.lexists("/usr/lib/python3.13/antigravity.py"), "its old name is back")


@group.keeps("a changed mode and owner of a file of the image")
def mode(_):
    os.chmod("/etc/passwd", 0o600)
    os.chown("/usr/lib/python3.13/html", 9, 9)
    yield
    same(os.stat("/etc/passwd").st_mode & 0o777, 0o600, "the mode")
    same(os.stat("/usr/lib/python3.13/html").st_uid, 9, "the owner")
