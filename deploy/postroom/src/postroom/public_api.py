"""The public API as this package's own programs use it: the operators' commands, and the making of the demo."""

import json
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Self

import httpx

TIMEOUT_S = 60.0
PAGE_SIZE = 200
UNTYPED = "about:blank"
"""The type of a refusal that says nothing of its type (RFC 9457 §4.2.1)."""
STREAM_SILENCE_S = 75.0  # the server sends a comment at least every 15 s


class ApiProblemError(Exception):
    """The API refused a request (RFC 9457).

    Attributes:
        type: Stable name of the problem, `urn:postroom:problem:import/wrong-password`.
        request_id: By which the suite's logs know the request; empty where it did not tell.
    """

    def __init__(self, *, status: int, type_uri: str, title: str, detail: str, request_id: str = "") -> None:
        super().__init__(": ".join(filter(None, (title, detail))))
        self.request_id = request_id
        self.status = status
        self.type = type_uri
        self.title = title
        self.detail = detail

    @classmethod
    def of(cls, answer: httpx.Response) -> Self:
        """Return what a refusal says; another server's answer, such as a proxy's, says at least its status."""
        try:
            problem = answer.json()
        except ValueError:
            problem = {}
        if not isinstance(problem, dict):
            problem = {}
        return cls(
            status=answer.status_code,
            type_uri=str(problem.get("type", UNTYPED)),
            title=str(problem.get("title") or f"The server answered {answer.status_code} {answer.reason_phrase}"),
            detail=_detail(problem),
            request_id=str(problem.get("request_id") or ""),
        )


class ApiUnreachableError(Exception):
    """Nothing answers at the address of the suite, or not with its API; the message says why."""


def _detail(problem: dict[str, Any]) -> str:
    errors = problem.get("errors") or ()
    places = [
        f"{each.get('field', '')}: {str(each.get('message', '')).removeprefix('Value error, ')}" for each in errors
    ]
    return "; ".join(filter(None, (str(problem.get("detail") or ""), *places)))


class PublicApi:
    """A client of one suite.

    Args:
        url: Of the gateway.
        token: A personal API token; without one, `sign_in` first.
    """

    def __init__(self, url: str, *, token: str | None = None) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._client = httpx.Client(base_url=url, headers=headers, timeout=TIMEOUT_S)

    def __enter__(self) -> Self:
        """Use it until the end of the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self._client.close()

    def sign_in(self, email: str, password: str) -> dict[str, Any]:
        """Open a session with a person's sign-in and return it; later requests act in it.

        Raises:
            ApiProblemError: It was refused.
        """
        session = self.call("POST", "/v1/session", {"email": email, "password": password})
        self._client.headers["X-CSRF-Token"] = session["csrf_token"]
        return dict(session)

    def sign_out(self) -> None:
        """End the session."""
        self.call("DELETE", "/v1/session")

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        version: int | None = None,
        idempotency_key: str | None = None,
        **query: Any,
    ) -> Any:
        """Return the answer's content, None when it has none.

        Args:
            method: Of HTTP.
            path: From the root.
            body: Sent as JSON unless None.
            version: Of what is changed; sent as `If-Match`.
            idempotency_key: The same request with the same key is carried out once.
            query: Parameters.

        Raises:
            ApiProblemError: It was refused.
            ApiUnreachableError: There was no answer, or not of this API.
        """
        headers = {} if version is None else {"If-Match": f'"{version}"'}
        if idempotency_key is not None:
            headers["Idempotency-Key"] = idempotency_key
        try:
            answer = self._client.request(method, path, json=body, headers=headers, params=query)
        except httpx.RequestError as error:
            raise ApiUnreachableError(str(error) or type(error).__name__) from error
        if not answer.is_success:
            raise ApiProblemError.of(answer)
        try:
            return answer.json() if answer.content else None
        except ValueError as error:
            raise ApiUnreachableError("what answers there is not Postroom") from error

    def items(self, path: str, **query: Any) -> Iterator[dict[str, Any]]:
        """Yield the items of a list, page by page.

        Raises:
            ApiProblemError: It was refused.
        """
        wanted: dict[str, Any] = {"limit": PAGE_SIZE, **query}
        while True:
            page = self.call("GET", path, **wanted)
            yield from page["items"]
            if page["next"] is None:
                return
            wanted["cursor"] = page["next"]

    def events(self, path: str, *, silence_s: float = STREAM_SILENCE_S) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield server-sent events, name and data, until the stream ends, breaks, or makes no sense.

        Args:
            path: From the root.
            silence_s: After which the connection counts as broken.

        Raises:
            ApiProblemError: It was refused.
        """
        timeout = httpx.Timeout(TIMEOUT_S, read=silence_s)
        try:
            with self._client.stream("GET", path, timeout=timeout) as answer:
                if answer.status_code != HTTPStatus.OK:
                    answer.read()
                    raise ApiProblemError.of(answer)
                yield from _events(answer.iter_lines())
        except (httpx.RequestError, ValueError):
            return


def _events(lines: Iterator[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Read `text/event-stream` as far as the suite writes it: one `event` and one `data` line each."""
    name = "message"
    for line in lines:
        field, _, value = line.partition(":")
        if field == "event":
            name = value.strip()
        elif field == "data":
            yield name, json.loads(value)
