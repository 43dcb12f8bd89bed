"""`postroom import run | list | show | cancel`."""

import uuid
from typing import Annotated, Any

import typer

from postroom.command_line.exit_codes import CommandError, ExitCode
from postroom.command_line.lazy_commands import examples, plain_typer
from postroom.command_line.options import AsJson, InLanguage, Url
from postroom.command_line.passwords import PasswordFile, take_passwords
from postroom.command_line.patience import ask_once
from postroom.command_line.tables import print_table
from postroom.command_line.terminal import Terminal, at_terminal
from postroom.imports.advices import IMPORT_ADVICES
from postroom.imports.following import State
from postroom.imports.sources import ChosenSource, SourceOptions, Tls, chosen_source
from postroom.imports.telling import copy_row, failure_lines, folder_rows, sources_of, summary_lines
from postroom.imports.waiting import wait_for
from postroom.imports.words import WORDS

app = plain_typer(
    help="Copy mailboxes: each message once, with its folders, flags and dates; the source stays as it is."
)


CopyId = Annotated[uuid.UUID, typer.Argument(metavar="COPY", help="Its id, as `postroom import list` shows it.")]


@app.command(
    epilog=examples(
        "postroom import run --from jean@example.com --to archives@example.com",
        "postroom import run --from-host imap.example.org --from-login jean --to jean@example.com",
        "postroom import run --from a@example.com --second b@example.com --to c@example.com \\",
        "    --password-file - --json < passwords",
        "",
        "Ends with 0 all copied, 2 wrong input, 3 not signed in or no right, 4 the copy failed,",
        "was cancelled or left messages out, 5 the suite or a mail server does not answer,",
        "130 left with Ctrl-C while the copy goes on.",
    )
)
def run(
    *,
    to: Annotated[str, typer.Option("--to", metavar="ADDRESS", help="The target: an address attached to you.")],
    source: Annotated[
        str | None, typer.Option("--from", metavar="ADDRESS", help="The source: an address of this mail server.")
    ] = None,
    host: Annotated[
        str | None, typer.Option("--from-host", metavar="HOST", help="The source: another provider's IMAP server.")
    ] = None,
    port: Annotated[
        int | None, typer.Option("--from-port", min=1, max=65535, help="Its port; else 993, or 143 with STARTTLS.")
    ] = None,
    tls: Annotated[Tls, typer.Option("--from-tls", help="How its connection is encrypted.")] = Tls.IMPLICIT,
    login: Annotated[
        str | None, typer.Option("--from-login", metavar="LOGIN", help="What one signs in with there.")
    ] = None,
    second: Annotated[
        str | None, typer.Option("--second", metavar="ADDRESS", help="A second source, in the same run: likewise.")
    ] = None,
    second_host: Annotated[str | None, typer.Option("--second-host", metavar="HOST", help="As --from-host.")] = None,
    second_port: Annotated[int | None, typer.Option("--second-port", min=1, max=65535, help="As --from-port.")] = None,
    second_tls: Annotated[Tls, typer.Option("--second-tls", help="As --from-tls.")] = Tls.IMPLICIT,
    second_login: Annotated[
        str | None, typer.Option("--second-login", metavar="LOGIN", help="As --from-login.")
    ] = None,
    password_file: PasswordFile = None,
    include: Annotated[
        list[str] | None, typer.Option(metavar="FOLDER", help="Copy only this folder and those below; repeatable.")
    ] = None,
    exclude: Annotated[
        list[str] | None, typer.Option(metavar="FOLDER", help="Leave this folder out, and those below; repeatable.")
    ] = None,
    special_folders: Annotated[
        bool, typer.Option(help="Let Sent, Drafts, Junk, Trash, Archive meet by purpose, whatever their names.")
    ] = True,
    subscribe: Annotated[bool, typer.Option(help="Subscribe what is subscribed at the source.")] = True,
    wait: Annotated[bool, typer.Option(help="Wait for the end and show the progress.")] = True,
    url: Url = None,
    as_json: AsJson = None,
    language: InLanguage = None,
) -> None:
    """Copy a mailbox, or two, into one of your addresses.

    All is checked before anything starts. The copy itself runs in the suite and goes on
    whatever becomes of this command; Ctrl-C asks whether to cancel it, a second one leaves.
    The password is asked for without echo, or is the first line of --password-file; that of
    a second source is the next line.
    """
    options = [SourceOptions(prefix="from", address=source, host=host, port=port, tls=tls, login=login)]
    other = SourceOptions(
        prefix="second", address=second, host=second_host, port=second_port, tls=second_tls, login=second_login
    )
    wishes = {
        "match_special_folders": special_folders,
        "include": include or [],
        "exclude": exclude or [],
        "subscribe": subscribe,
    }
    with at_terminal(url=url, as_json=as_json, language=language, advices=IMPORT_ADVICES) as terminal:
        chosen = [chosen_source(each, terminal.language) for each in options + [other] * other.is_given]
        target_id = _target_id(terminal, to)
        passwords = take_passwords([each.login for each in chosen], file=password_file, language=terminal.language)
        copy = _request(terminal, chosen, passwords, target_id=target_id, options=wishes)
        _tell_accepted(terminal, copy)
        code = wait_for(terminal, copy) if wait else ExitCode.DONE
    raise typer.Exit(code)


def _target_id(terminal: Terminal, wanted: str) -> str:
    """Return the id of an attached address; an id is taken as it is, and needs no right to look around."""
    try:
        return str(uuid.UUID(wanted))
    except ValueError:
        attached = terminal.api.call("GET", "/v1/me")["addresses"]
    for each in attached:
        if each["address"] == wanted.lower():
            return str(each["address_id"])
    choice = ", ".join(each["address"] for each in attached) or "-"
    raise CommandError(WORDS[terminal.language].target_unknown.format(wanted=wanted, choice=choice))


def _request(
    terminal: Terminal, chosen: list[ChosenSource], passwords: list[str], *, target_id: str, options: dict[str, Any]
) -> dict[str, Any]:
    sources = [source.with_password(password) for source, password in zip(chosen, passwords, strict=True)]
    body = {
        "source": sources[0],
        "second_source": sources[1] if len(sources) > 1 else None,
        "target_address_id": target_id,
        "options": options,
    }
    copy: dict[str, Any] = ask_once(terminal.api, "/v1/imports", body)
    return copy


def _tell_accepted(terminal: Terminal, copy: dict[str, Any]) -> None:
    if terminal.as_json:
        terminal.record(event="accepted", copy=copy)
        return
    facts = {"id": copy["id"], "sources": sources_of(copy), "target": copy["target"]["address"]}
    terminal.line(WORDS[terminal.language].accepted.format(**facts))


@app.command("list", epilog=examples("postroom import list --state running", "postroom import list --json | jq -r .id"))
def list_copies(
    *,
    state: Annotated[
        list[State] | None, typer.Option(help="Only copies in this state; repeatable.", show_default=False)
    ] = None,
    limit: Annotated[int, typer.Option(help="Show so many at most.", min=1)] = 50,
    url: Url = None,
    as_json: AsJson = None,
    language: InLanguage = None,
) -> None:
    """List your copies, newest first.

    Owners and administrators see those of the whole organisation.
    """
    with at_terminal(url=url, as_json=as_json, language=language, advices=IMPORT_ADVICES) as terminal:
        found = terminal.api.items("/v1/imports", **({"state": [each.value for each in state]} if state else {}))
        copies = [copy for copy, _ in zip(found, range(limit), strict=False)]
        if terminal.as_json:
            for copy in copies:
                terminal.record(**copy)
        elif copies:
            print_table(WORDS[terminal.language].columns, (copy_row(copy, terminal.language) for copy in copies))
        else:
            terminal.line(WORDS[terminal.language].none)


@app.command()
def show(copy_id: CopyId, *, url: Url = None, as_json: AsJson = None, language: InLanguage = None) -> None:
    """Show a copy with its folders.

    The first hundred messages that could not be copied are named, with the reason.
    """
    with at_terminal(url=url, as_json=as_json, language=language, advices=IMPORT_ADVICES) as terminal:
        copy = terminal.api.call("GET", f"/v1/imports/{copy_id}")
        if terminal.as_json:
            terminal.record(**copy)
            return
        words = WORDS[terminal.language]
        _tell_accepted(terminal, copy)
        print_table(words.folder_columns, folder_rows(copy, terminal.language))
        if copy["failures"]:
            terminal.line(words.failures)
        for line in (*failure_lines(copy, terminal.language), *summary_lines(copy, terminal.language)):
            terminal.line(line)


@app.command()
def cancel(copy_id: CopyId, *, url: Url = None, as_json: AsJson = None, language: InLanguage = None) -> None:
    """End a copy for good. What was copied stays; the passwords are erased."""
    with at_terminal(url=url, as_json=as_json, language=language, advices=IMPORT_ADVICES) as terminal:
        copy = terminal.api.call("POST", f"/v1/imports/{copy_id}:cancel")
        if terminal.as_json:
            terminal.record(event="cancelling", id=copy["id"], state=copy["state"], wish=copy["wish"])
        else:
            terminal.line(WORDS[terminal.language].kept_what_was_copied)
