"""Starts Python with the given arguments, as the launchers of applications do.

It is another process than the worker, passes the worker's output on, keeps the worker's standard input open
whatever happens to its own, and does not pass signals on.
"""

from __future__ import annotations

import subprocess
import sys

if __name__ == "__main__":
    with subprocess.Popen([sys.executable, *sys.argv[1:]], stdin=subprocess.PIPE) as process:
        sys.exit(process.wait() & 0xFF)
