"""Start a program that ends when the process that started it ends, `kill -9` included.

Run by path, with the standard library only: `python -I -S die_with_parent.py PARENT SIGNAL UID GID program arguments…`.
PR_SET_PDEATHSIG is set after the change of account, which would clear it (prctl(2)), and lasts over the exec.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1
KEEP = -1


def main(arguments: list[str]) -> None:
    """Drop to the account, tie this process to its parent, become the program."""
    parent, signal, uid, gid = (int(word) for word in arguments[:4])
    if uid != KEEP:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    os.umask(0o077)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0)
        if os.getppid() != parent:  # it ended before the line above
            sys.exit(1)
    os.execv(arguments[4], arguments[4:])  # noqa: S606 - the argument list comes from process.Command


if __name__ == "__main__":
    main(sys.argv[1:])
