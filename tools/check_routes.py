"""Check that tests ask every public route as nobody, without the right, from another organisation, and with success.

`python tools/check_routes.py FOLDER`, after a whole run of the tests with `POSTROOM_ROUTE_LEDGER=FOLDER`.

What counts, for each operation of docs/openapi.json:

- anonymous: a 401 to a request without credentials;
- refused: a 403 to somebody who is known and lacks the role, the right or the scope;
- elsewhere: somebody of another organisation names a thing of the first and gets 403 or 404; in a list without ids in
  its path, that somebody sees none of its items. Where only operators succeed, a person of an organisation gets 403;
- success: a 2xx.
"""

import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from postroom_shared.testkit.route_ledger import Request, read_ledger

DOCUMENT = Path(__file__).parent.parent / "docs" / "openapi.json"
METHODS = ("get", "put", "post", "patch", "delete")
SUCCESS = range(200, 300)

PUBLIC = {
    "GET /.well-known/jwks.json": "public keys",
    "POST /v1/session": "signs in",
    "POST /v1/session:refresh": "the refresh cookie says who asks",
    "POST /v1/people:set-password": "the one-time token of the link says who asks",
    "POST /v1/redirections:confirm": "the one-time token of the mail says who asks",
}
"""Operations that ask for no credentials, and why."""

ABOUT_THE_CALLER = {
    "GET /v1/me": "the caller alone",
    "GET /v1/session": "the session the request came with",
    "DELETE /v1/session": "the session the request came with",
    "POST /v1/api-tokens": "made for the caller in the acting organisation; the body names nothing",
}
"""Operations through which nothing of another organisation can be named, and why."""


@dataclass
class Seen:
    """The requests of one operation."""

    label: str
    pattern: re.Pattern[str]
    has_path_id: bool
    secured: bool
    requests: list[Request] = field(default_factory=list)

    def successes(self) -> list[Request]:
        """Return the requests that succeeded."""
        return [each for each in self.requests if each.status in SUCCESS]


class Owned:
    """Which ids and addresses each organisation was shown, or named with success."""

    def __init__(self, requests: list[Request]) -> None:
        self._by_organisation: dict[str, set[str]] = defaultdict(set)
        self._organisations: dict[str, set[str]] = defaultdict(set)
        for each in requests:
            if each.status in SUCCESS and each.asker.organisation:
                for name in (*each.named, *each.shown):
                    self._organisations[name].add(each.asker.organisation)

    def is_foreign(self, request: Request) -> bool:
        """Return whether *request* names a thing of another organisation, and not of its own."""
        mine = request.asker.organisation
        return mine is not None and any(
            self._organisations[name] and mine not in self._organisations[name] for name in request.named
        )


def operations() -> Iterator[Seen]:
    """Yield every operation of the document."""
    document = json.loads(DOCUMENT.read_text())
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                pattern = re.sub(r"\\\{\w+\\\}", "[^/:]+", re.escape(path))
                yield Seen(
                    f"{method.upper()} {path}", re.compile(pattern), "{" in path, bool(item[method].get("security"))
                )


def _elsewhere(seen: Seen, owned: Owned) -> bool:
    successes = seen.successes()
    if seen.label in ABOUT_THE_CALLER:
        return True
    if successes and all(each.asker.operator for each in successes):
        return any(each.status == 403 and each.asker.organisation and not each.asker.operator for each in seen.requests)
    if any(each.status in {403, 404} and owned.is_foreign(each) for each in seen.requests):
        return True
    lists = [each for each in successes if each.asker.organisation]
    return not seen.has_path_id and any(
        one.items and one.asker.organisation != other.asker.organisation and not set(one.items) & set(other.items)
        for one in lists
        for other in lists
    )


def missing(seen: Seen, owned: Owned) -> list[str]:
    """Return the kinds of test that an operation has not."""
    found = {"success": bool(seen.successes())}
    if seen.secured:
        nobody = [each for each in seen.requests if not each.asker.person and not each.asker.service]
        found["anonymous"] = any(each.status == 401 for each in nobody)
        found["refused"] = any(each.status == 403 and each.asker.person for each in seen.requests)
        found["elsewhere"] = _elsewhere(seen, owned)
    return [kind for kind, there in found.items() if not there]


def main() -> int:
    """Carry out the command line; return the exit code."""
    requests = list(read_ledger(Path(sys.argv[1])))
    seen = list(operations())
    for request in requests:
        for each in seen:
            if each.label.startswith(f"{request.method} ") and each.pattern.fullmatch(request.path):
                each.requests.append(request)
    owned = Owned(requests)
    problems = [f"{each.label}: no test for {', '.join(lacks)}" for each in seen if (lacks := missing(each, owned))]
    unsecured = {each.label for each in seen if not each.secured}
    problems += [
        f"{label}: asks for no credentials, which PUBLIC does not explain" for label in unsecured - set(PUBLIC)
    ]
    known = {each.label for each in seen}
    problems += [f"{label}: is listed here and in no document" for label in {*PUBLIC, *ABOUT_THE_CALLER} - known]
    for problem in sorted(problems):
        print(problem)
    print(f"{len(seen)} operations, {len(requests)} requests of tests, {len(problems)} gaps")
    return int(bool(problems))


if __name__ == "__main__":
    sys.exit(main())
