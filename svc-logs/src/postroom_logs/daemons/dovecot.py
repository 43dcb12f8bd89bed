"""Dovecot 2.2 to 2.4: deliveries, and who signs in or fails to."""

import re
from typing import Final

from postroom_logs.daemons.dovecot_delivery import read_delivery
from postroom_logs.daemons.log_events import LoggedIn, LoginFailed, Reading
from postroom_logs.daemons.registration import Program, reads

_LOGIN: Final = re.compile(r"(imap|pop3|managesieve|submission)-login: (.*)", re.DOTALL)
_USER: Final = re.compile(r"user=<([^>]*)>")
_REMOTE: Final = re.compile(r"rip=([^,\s]+)")
_SUCCESS: Final = re.compile(r"(?:Info: )?(?:Login|Logged in): ")
_WORKER: Final = re.compile(r"(\w[\w-]*)\(([^,()]*),([^,()]*)(?:,<[^>]*>)?\): (?:Info: )?(.*)")
_FUNCTION: Final = re.compile(r"\w+\(\) failed: ")
_FAILURES: Final = ("unknown user", "failed: ", "assword mismatch", "uthentication failure", "invalid credentials")


@reads("dovecot", "*/dovecot", "dovecot-lda", "deliver")
def read_dovecot(text: str, _program: Program) -> Reading:
    """Read a line of any of Dovecot's services."""
    if text.startswith(("lmtp(", "lda(", "deliver(")):
        return read_delivery(text)
    login = _LOGIN.match(text)
    if login is not None:
        return _login(login[2], login[1])
    return _authentication(text) if text.startswith("auth") else None


def _login(text: str, service: str) -> Reading:
    user, remote = _USER.search(text), _REMOTE.search(text)
    name, address = (user[1] if user else ""), (remote[1] if remote else "")
    if _SUCCESS.match(text):
        return LoggedIn(service, name, address)
    reason = text[: user.start()].rstrip(" :,") if user else text
    return LoginFailed(service, name or None, None, address, None, None, None, reason) if address else None


def _authentication(text: str) -> Reading:
    found = _WORKER.search(text)
    if found is None or not any(words in found[4] for words in _FAILURES):
        return None
    backend, user, address, reason = found.groups()
    return LoginFailed("auth", user, None, address, None, None, backend, _FUNCTION.sub("", reason, count=1))
