"""What a move must keep, one property each: a generator that sets something up, yields, and after the move checks it."""

import os
import time


class Broken(Exception):
    """A property was not kept; says what was and what is."""


class Group:
    """Properties that are tried together, in one process."""

    def __init__(self):
        self.properties = {}

    def keeps(self, name):
        """Registers a generator function under the name that the tests know its property by."""

        def register(function):
            self.properties[name] = function
            return function

        return register


def same(now, then, what="it"):
    if now != then:
        raise Broken(f"{what} was {then!r}, is {now!r}")


def sure(holds, otherwise):
    if not holds:
        raise Broken(otherwise)


def until(holds, otherwise, seconds=5.0):
    """Waits for what takes a moment."""
    end = time.monotonic() + seconds
    while not holds():
        sure(time.monotonic() < end, f"not within {seconds} s: {otherwise}")
        time.sleep(0.02)


def child(work):
    """Forks a process that does some work and ends with exit code 0; its pid."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
            os._exit(0)
        finally:
            os._exit(1)
    return pid


def write(path, content=b"as written before the move"):
    with open(path, "wb") as file:
        file.write(content)
    return path


def read(path):
    with open(path, "rb") as file:
        return file.read()
