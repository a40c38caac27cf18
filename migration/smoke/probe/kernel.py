"""System calls that Python has no functions for."""

import ctypes
import os

libc = ctypes.CDLL("libc.so.6", use_errno=True)


def call(name, *args):
    """@raises OSError with the name of the call"""
    result = getattr(libc, name)(*args)
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
    return result
