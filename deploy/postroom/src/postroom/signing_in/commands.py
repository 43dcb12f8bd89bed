"""Sign in once; the commands act by an API token of their own, which can do what they need and nothing else."""

import contextlib
import socket
import sys
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from postroom.command_line.commands import token_scopes
from postroom.command_line.exit_codes import CommandError, ExitCode
from postroom.command_line.languages import Language
from postroom.command_line.lazy_commands import examples, plain_typer
from postroom.command_line.options import AsJson, InLanguage, Url
from postroom.command_line.passwords import PasswordFile, take_passwords
from postroom.command_line.stored_sign_in import (
    StoredSignIn,
    UnreadableSignInError,
    forget_sign_in,
    read_sign_in,
    sign_in_file,
    write_sign_in,
)
from postroom.command_line.terminal import Terminal, at_terminal, printable
from postroom.public_api import ApiProblemError, ApiUnreachableError, PublicApi
from postroom.signing_in.words import WORDS

MAX_TOKEN_NAME = 80


login_app = plain_typer()


@login_app.command(
    epilog=examples(
        "postroom login --url https://mail.example.com --email anna@example.com",
        "postroom login --email anna@example.com --password-file - < password",
    )
)
def login(
    *,
    email: Annotated[
        str | None, typer.Option(help="Of your sign-in; without it you are asked.", show_default=False)
    ] = None,
    password_file: PasswordFile = None,
    organisation: Annotated[
        str | None,
        typer.Option(help="Name or id of the organisation to act in; else the first by name.", show_default=False),
    ] = None,
    days: Annotated[int, typer.Option(help="After so many days you sign in again.", min=1, max=365)] = 90,
    url: Url = None,
    as_json: AsJson = None,
    language: InLanguage = None,
) -> None:
    """Sign in to a suite and keep an API token for the other commands.

    The token is made for this purpose, can do what these commands need, and is kept in
    ~/.config/postroom/sign-in.json (or below XDG_CONFIG_HOME), which only you can read.
    Your password is kept nowhere. Programs may set POSTROOM_URL and POSTROOM_TOKEN instead.
    """
    with at_terminal(url=url, as_json=as_json, language=language) as terminal:
        who = email or _asked_email(terminal.language)
        password = take_passwords([who], file=password_file, language=terminal.language)[0]
        with PublicApi(terminal.url) as api:
            session = api.sign_in(who, password)
            try:
                made = _make_token(api, terminal, session, email=who, wanted=organisation, days=days)
                _keep(api, terminal.language, made)
            finally:
                with contextlib.suppress(ApiProblemError, ApiUnreachableError):
                    api.sign_out()
        _tell(terminal, made)


def logout(*, as_json: AsJson = None, language: InLanguage = None) -> None:
    """Revoke the kept API token and forget it."""
    with at_terminal(url=None, as_json=as_json, language=language) as terminal:
        words = WORDS[terminal.language]
        try:
            kept = terminal.kept_sign_in
        except CommandError:
            forget_sign_in(sign_in_file())
            raise
        if kept is None:
            terminal.note(words.was_not_signed_in)
            return
        try:
            _revoke(kept)
        except (ApiProblemError, ApiUnreachableError):
            raise CommandError(words.still_valid.format(until=kept.expires_at), ExitCode.NOT_NOW) from None
        finally:
            forget_sign_in(sign_in_file())
        if terminal.as_json:
            terminal.record(event="signed_out", url=kept.url)
        else:
            terminal.line(words.signed_out.format(url=kept.url))


def _asked_email(language: Language) -> str:
    if not sys.stdin.isatty():
        raise CommandError(WORDS[language].no_email)
    try:
        return input(printable(WORDS[language].email)).strip()
    except EOFError as error:
        raise CommandError(WORDS[language].no_email) from error


def _make_token(
    api: PublicApi, terminal: Terminal, session: dict[str, Any], *, email: str, wanted: str | None, days: int
) -> StoredSignIn:
    acting = _chosen_organisation(terminal.language, session, email=email, wanted=wanted)
    if acting["id"] != session["organisation_id"]:
        api.call("POST", "/v1/session:switch-organisation", {"organisation_id": acting["id"]})
    _revoke_former(api, terminal.url)
    expires_at = datetime.now(UTC).replace(microsecond=0) + timedelta(days=days)
    wish = {
        "name": f"postroom on {socket.gethostname()}"[:MAX_TOKEN_NAME],
        "scopes": token_scopes(),
        "expires_at": expires_at.isoformat(),
    }
    made = api.call("POST", "/v1/api-tokens", wish)
    return StoredSignIn(
        url=terminal.url,
        token=made["secret"],
        token_id=made["token"]["id"],
        email=email,
        organisation=acting["name"],
        expires_at=made["token"]["expires_at"],
    )


def _keep(api: PublicApi, language: Language, made: StoredSignIn) -> None:
    """Keep the token; one that cannot be kept is revoked, for nobody would know it."""
    try:
        write_sign_in(sign_in_file(), made)
    except OSError as error:
        api.call("DELETE", f"/v1/api-tokens/{made.token_id}")
        message = WORDS[language].not_kept.format(file=sign_in_file(), reason=error.strerror)
        raise CommandError(message, ExitCode.OUR_FAULT) from error


def _chosen_organisation(
    language: Language, session: dict[str, Any], *, email: str, wanted: str | None
) -> dict[str, Any]:
    own: list[dict[str, Any]] = session["organisations"]
    chosen = wanted or session["organisation_id"]
    for each in own:
        if chosen in {each["id"], each["name"]}:
            return each
    if not own:
        raise CommandError(WORDS[language].no_organisation.format(email=email), ExitCode.NOT_ALLOWED)
    if wanted is None:
        return own[0]
    names = ", ".join(each["name"] for each in own)
    raise CommandError(WORDS[language].no_such_organisation.format(wanted=wanted, choice=names))


def _revoke_former(api: PublicApi, url: str) -> None:
    """Revoke what an earlier sign-in to the same suite kept; it may be over, or somebody else's."""
    with contextlib.suppress(ApiProblemError, UnreadableSignInError):
        former = read_sign_in(sign_in_file())
        if former is not None and former.url == url:
            api.call("DELETE", f"/v1/api-tokens/{former.token_id}")


def _revoke(kept: StoredSignIn) -> None:
    with PublicApi(kept.url, token=kept.token) as api:
        try:
            api.call("DELETE", f"/v1/api-tokens/{kept.token_id}")
        except ApiProblemError as problem:
            if problem.status != 401:  # it is over already
                raise


def _tell(terminal: Terminal, made: StoredSignIn) -> None:
    facts = {
        "url": made.url,
        "email": made.email,
        "organisation": made.organisation,
        "expires_at": made.expires_at,
    }
    if terminal.as_json:
        terminal.record(event="signed_in", **facts)
        return
    until = datetime.fromisoformat(made.expires_at).date().isoformat()
    terminal.line(WORDS[terminal.language].signed_in.format(**facts, until=until))
