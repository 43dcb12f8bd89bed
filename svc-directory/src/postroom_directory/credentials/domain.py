"""The rules of passwords of addresses; pure. They are never those people sign in with."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from postroom_directory.credentials.errors import PasswordTooWeakError, TooManyWrongPasswordsError
from postroom_shared.values import Address

DOVECOT_SCHEME = "{ARGON2ID}"
"""What mail servers want before the PHC string (doc.dovecot.org 2.3, "Password Schemes"); the views put it there."""

SHORTEST = 10
LONGEST = 128
FEWEST_DISTINCT = 5
MOST_WRONG = 10
WRONG_WINDOW = timedelta(minutes=15)

_COMMON = """
    password passwort motdepasse passwords p@ssword p@ssw0rd passw0rd pa$$word administrator administrateur welcome
    bienvenue willkommen iloveyou ichliebedich jetaime sunshine princess football baseball superman starwars qwertyuiop
    qwertzuiop azertyuiop qwerty qwertz azerty asdfghjkl asdfgh zxcvbnm yxcvbnm 1q2w3e4r5t 1qaz2wsx3edc q1w2e3r4t5
    abcdefghij abcdefgh abcd letmein changeme changethis secret geheim temporary trustno computer internet monkey dragon
    master shadow michael jennifer whatever hello hallo bonjour salut test testtest default postroom login user
"""
COMMON = frozenset(_COMMON.split())
"""Words that guesses begin with, in the languages of the product; lower case."""


class Weakness(StrEnum):
    """Why a password is refused."""

    TOO_SHORT = "too_short"
    TOO_FEW_CHARACTERS = "too_few_different_characters"
    COMMON = "common"
    OWN_ADDRESS = "own_address"


@dataclass(frozen=True, kw_only=True, slots=True)
class Credential:
    """The password of one address.

    Attributes:
        password_hash: A PHC string; None before one was set.
        wrong_tests: Wrong passwords tried by `test-password` since `wrong_tests_since`.
    """

    address_id: UUID
    organisation_id: UUID
    password_hash: str | None
    changed_at: datetime | None
    wrong_tests: int
    wrong_tests_since: datetime | None

    def at(self, now: datetime) -> "Credential":
        """Return it with wrong tests forgotten that are too long ago."""
        since = self.wrong_tests_since
        if since is None or now < since + WRONG_WINDOW:
            return self
        return replace(self, wrong_tests=0, wrong_tests_since=None)

    def require_patience(self, now: datetime) -> None:
        """Refuse a further test after too many wrong ones.

        Raises:
            TooManyWrongPasswordsError: `MOST_WRONG` within `WRONG_WINDOW`.

        Source: docs/promises.md#password-check
        """
        since = self.wrong_tests_since
        if since is not None and self.wrong_tests >= MOST_WRONG:
            wait = since + WRONG_WINDOW - now
            raise TooManyWrongPasswordsError(retry_after_s=max(1, int(wait.total_seconds())))

    def after_wrong_test(self, now: datetime) -> "Credential":
        """Return it with one wrong test more."""
        return replace(self, wrong_tests=self.wrong_tests + 1, wrong_tests_since=self.wrong_tests_since or now)


def weakness_of(password: str, address: Address) -> Weakness | None:
    """Return why *password* would be guessed, or None.

    A password that is a common word or a part of the address with digits and punctuation around it counts as that word.
    """
    folded = password.casefold()
    core = _core(folded)
    own = {_core(part) for part in (address.local_part, address.domain, address.domain.partition(".")[0])}
    if len(password) < SHORTEST:
        return Weakness.TOO_SHORT
    if len(set(folded)) < FEWEST_DISTINCT:
        return Weakness.TOO_FEW_CHARACTERS
    if not core or core in COMMON:
        return Weakness.COMMON
    if core in own or address in folded:
        return Weakness.OWN_ADDRESS
    return None


def _core(text: str) -> str:
    return text.strip("0123456789!?.,;:-_+*#@$%&/()=' \"")


def require_strong(password: str, address: Address) -> None:
    """Refuse a password that would be guessed.

    Raises:
        PasswordTooWeakError: See `Weakness`.
    """
    weakness = weakness_of(password, address)
    if weakness is not None:
        raise PasswordTooWeakError(extra={"reason": weakness})
