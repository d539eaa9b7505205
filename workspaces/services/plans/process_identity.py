"""The identity of a process of this site: the owner of a run or a lease."""

from __future__ import annotations

import os
import socket
from pathlib import Path

DEAD = "ZX"  # states of a process that has ended and was not waited for


def this_process() -> str:
    """Host, process id and the process's start time: a reused id on a restarted machine is not the same owner."""
    return f"{socket.gethostname()}/{os.getpid()}/{start_time(os.getpid())}"


def start_time(process: int) -> str:
    """Its start in clock ticks since boot (fields 3 and 22 of /proc/PID/stat); "" for none and for a dead one."""
    try:
        stat = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] in DEAD else fields[19]
