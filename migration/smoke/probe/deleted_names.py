"""Files whose name is deleted while another is left: a semaphore with a name, as sem_open(3) makes it."""

import _multiprocessing

from property import Group, same

group = Group()


@group.keeps("a POSIX semaphore with a name")
def semaphore(_):
    held = _multiprocessing.SemLock(1, 3, 10, "/named", False)
    held.acquire()
    yield
    same(held._get_value(), 2)
    again = _multiprocessing.SemLock._rebuild(0, 1, 10, "/named")
    again.release()
    same(held._get_value(), 3, "its value after another's release")
