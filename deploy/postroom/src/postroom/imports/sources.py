"""What is copied, as the options of `postroom import run` say it. Pure."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from postroom.command_line.exit_codes import CommandError
from postroom.command_line.languages import Language
from postroom.imports.words import WORDS


class Tls(StrEnum):
    """How the connection to an outside server is encrypted."""

    IMPLICIT = "implicit"
    STARTTLS = "starttls"


DEFAULT_PORTS = {Tls.IMPLICIT: 993, Tls.STARTTLS: 143}


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceOptions:
    """One source as it was typed; any part may be missing.

    Attributes:
        prefix: Of the options' names, `from` or `second`.
        address: Of this mail server.
    """

    prefix: str
    address: str | None = None
    host: str | None = None
    port: int | None = None
    tls: Tls = Tls.IMPLICIT
    login: str | None = None

    @property
    def is_given(self) -> bool:
        """Whether there is anything of it."""
        return any((self.address, self.host, self.port, self.login))


@dataclass(frozen=True, kw_only=True, slots=True)
class ChosenSource:
    """A source without its password."""

    login: str
    body: dict[str, Any]

    def with_password(self, password: str) -> dict[str, Any]:
        """Return what the API is sent."""
        return {**self.body, "password": password}


def chosen_source(options: SourceOptions, language: Language) -> ChosenSource:
    """Return the source that *options* mean: an address of this mail server, or a login at an outside host.

    Raises:
        CommandError: They mean both, or neither.
    """
    words = WORDS[language]
    outside = any((options.host, options.port, options.login))
    if options.address and outside:
        raise CommandError(words.source_twice.format(prefix=options.prefix))
    if options.address:
        return ChosenSource(login=options.address, body={"kind": "local", "address": options.address})
    if not (options.host and options.login):
        raise CommandError(words.source_missing.format(prefix=options.prefix))
    body = {
        "kind": "external",
        "host": options.host,
        "port": options.port or DEFAULT_PORTS[options.tls],
        "tls": options.tls.value,
        "login": options.login,
    }
    return ChosenSource(login=options.login, body=body)
