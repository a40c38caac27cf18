"""A process that was stopped by a signal. The argument is not used."""

import os
import signal
import time

from processes import state_of
from property import Group, child, same, until

group = Group()


@group.keeps("a stopped process, until it is told to go on")
def stopped(_):
    pid = child(lambda: time.sleep(300))
    os.kill(pid, signal.SIGSTOP)
    until(lambda: state_of(pid)[0] == "T", "it stopped")
    yield
    same(state_of(pid)[0], "T", "its state")
    os.kill(pid, signal.SIGCONT)
    until(lambda: state_of(pid)[0] == "S", "it goes on")
