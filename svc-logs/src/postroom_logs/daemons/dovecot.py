"""Dovecot 2.2 to 2.4: deliveries, and who signs in or fails to."""

import re
from typing import Final

from postroom_logs.daemons.dovecot_delivery import read_delivery
from postroom_logs.daemons.log_events import LoggedIn, LoginFailed, Reading
from postroom_logs.daemons.registration import Program, reads

_LOGIN_SERVICE: Final = re.compile(r"(imap|pop3|managesieve|submission)-login: ")
_USER: Final = re.compile(r"user=<([^>]*)>")
_REMOTE: Final = re.compile(r"rip=([^,\s]+)")
_SUCCESS: Final = re.compile(r"(?:Info: )?(?:Login|Logged in): ")
_WORKER: Final = re.compile(r"(\w[\w-]*)\(([^,()]*),([^,()]*)(?:,<[^>]*>)?\): (?:Info: )?(.*)")
_FUNCTION: Final = re.compile(r"\w+\(\) failed: ")
_FAILURES: Final = ("unknown user", "failed: ", "assword mismatch", "uthentication failure", "invalid credentials")


@reads("dovecot", "*/dovecot", "dovecot-lda", "deliver")
def read_dovecot(line: str, start: int, _program: Program) -> Reading:
    """Read a line of any of Dovecot's services."""
    if line.startswith(("lmtp(", "lda(", "deliver("), start):
        return read_delivery(line, start)
    login = _LOGIN_SERVICE.match(line, start)
    if login is not None:
        return _login(line, login.end(), login[1])
    if line.startswith("auth", start):
        return _authentication(line, start)
    return None


def _login(line: str, start: int, service: str) -> Reading:
    user, remote = _USER.search(line, start), _REMOTE.search(line, start)
    name, address = (user[1] if user else ""), (remote[1] if remote else "")
    if _SUCCESS.match(line, start):
        return LoggedIn(service, name, address)
    reason = line[start : user.start()].rstrip(" :,") if user else line[start:]
    return LoginFailed(service, name or None, None, address or None, None, None, None, reason) if address else None


def _authentication(line: str, start: int) -> Reading:
    found = _WORKER.search(line, start)
    if found is None or not any(words in found[4] for words in _FAILURES):
        return None
    backend, user, address, reason = found.groups()
    return LoginFailed("auth", user, None, address, None, None, backend, _FUNCTION.sub("", reason, count=1))
