"""Volumes that are mounted anew where the pod comes up, one folder each in the folder that is the argument."""

import os
import socket

from property import Group, read, same, sure, write

group = Group()


@group.keeps("a ConfigMap's content")
def config(where):
    path = os.path.join(where, "config", "setting")
    same(read(path), b"from the ConfigMap")
    yield
    same(read(path), b"from the ConfigMap")


@group.keeps("a Secret's content")
def secret(where):
    path = os.path.join(where, "secret", "password")
    yield
    same(read(path), b"from the Secret")


@group.keeps("a projected volume's content")
def projected(where):
    path = os.path.join(where, "projected", "setting")
    yield
    same(read(path), b"from the ConfigMap")


@group.keeps("a file of a ConfigMap that is held open, and its folder as the working folder")
def held(where):
    file = open(os.path.join(where, "config", "setting"), "rb", buffering=0)
    file.read(5)
    folder = os.open(os.path.join(where, "config"), os.O_RDONLY | os.O_DIRECTORY)
    yield
    same(file.read(), b"the ConfigMap", "what is read next")
    sure("setting" in os.listdir(folder), "the folder is empty")


@group.keeps("the downward API, which names the new pod")
def downward(where):
    path = os.path.join(where, "down", "name")
    before = read(path)
    yield
    now = read(path)
    same(now.decode(), socket.gethostname(), "the pod's name")
    sure(now != before, "it is the old pod's")


@group.keeps("a host's folder: the new host's, with nothing brought along")
def host(where):
    folder = os.path.join(where, "host")
    before = read(os.path.join(folder, "where"))
    write(os.path.join(folder, "written-by-the-pod"))
    yield
    sure(read(os.path.join(folder, "where")) != before, f"it is still the folder of {before.decode()}")
    sure("written-by-the-pod" not in os.listdir(folder), "a file of the old host's folder came along")
