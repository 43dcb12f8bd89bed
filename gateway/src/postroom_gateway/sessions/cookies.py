"""The two cookies of a session. `__Host-` binds them to this host, TLS and the whole site (RFC 6265bis §4.1.3.2)."""

from dataclasses import dataclass

from fastapi import Response

from postroom_gateway.sessions.service import IssuedSession


@dataclass(frozen=True, slots=True)
class CookieNames:
    """What the cookies are called: with `__Host-` over TLS, without on plain loopback, where browsers refuse it."""

    secure: bool

    @property
    def access(self) -> str:
        """The cookie that comes with every request."""
        return self._named("postroom_session")

    @property
    def refresh(self) -> str:
        """The cookie that makes the next pair."""
        return self._named("postroom_refresh")

    def _named(self, name: str) -> str:
        return f"__Host-{name}" if self.secure else name


def set_cookies(
    response: Response, issued: IssuedSession, names: CookieNames, *, access_s: int, refresh_s: int
) -> None:
    """Give the client both tokens."""
    for name, value, max_age in ((names.access, issued.access, access_s), (names.refresh, issued.refresh, refresh_s)):
        response.set_cookie(
            name, value, max_age=max_age, path="/", secure=names.secure, httponly=True, samesite="strict"
        )


def clear_cookies(response: Response, names: CookieNames) -> None:
    """Take both tokens from the client."""
    for name in (names.access, names.refresh):
        response.delete_cookie(name, path="/", secure=names.secure, httponly=True, samesite="strict")
