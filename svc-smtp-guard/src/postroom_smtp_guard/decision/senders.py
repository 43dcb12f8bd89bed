"""What one login may send as. Pure."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Self

from postroom_smtp_guard.decision.domain import Grant, UnreadableError
from postroom_smtp_guard.decision.paths import comparable


@dataclass(frozen=True, kw_only=True, slots=True)
class ValidSenders:
    """The valid senders of one login, all in the form of `comparable`.

    Attributes:
        login: The address that signed in.
        addresses: Each address it may send as, and why. An own address is `OWN`, `ALIAS` or `DOMAIN_ALIAS`.
        on_behalf: Addresses that may stand in From while Sender names the login (RFC 5322 §3.6.2).
        domains: Domains any address of which it may send as.
        catch_all: Domains whose unknown local parts reach the login, with the names there that are somebody else's.
        sub_addressing: Whether `own+anything@domain` is the login's too.

    Source: docs/promises.md#sender-envelope
    """

    login: str
    addresses: Mapping[str, Grant]
    on_behalf: frozenset[str] = frozenset()
    domains: frozenset[str] = frozenset()
    catch_all: Mapping[str, frozenset[str]] = field(default_factory=dict)
    sub_addressing: bool = False

    @classmethod
    def of(
        cls,
        login: str,
        addresses: Iterable[tuple[str, Grant]] = (),
        *,
        on_behalf: Iterable[str] = (),
        domains: Iterable[str] = (),
        catch_all: Mapping[str, Collection[str]] | None = None,
        sub_addressing: bool = False,
    ) -> Self:
        """Build it from addresses and domains in any readable form; what cannot be read is nobody's sender."""
        own = _readable(login)
        granted = {name: grant for text, grant in addresses if (name := _readable(text))}
        return cls(
            login=own or login,
            addresses=granted | ({own: Grant.OWN} if own else {}),
            on_behalf=frozenset(name for text in on_behalf if (name := _readable(text))),
            domains=frozenset(name for text in domains if (name := _readable_domain(text))),
            catch_all={
                name: frozenset(other for text in taken if (other := _readable(text)))
                for domain, taken in (catch_all or {}).items()
                if (name := _readable_domain(domain))
            },
            sub_addressing=sub_addressing,
        )

    def limited_to(self, subset: Collection[str] | None) -> "ValidSenders":
        """Return what is left for a credential that may use only *subset* (None: all): an application password, say."""
        if subset is None:
            return self
        wanted = [name for text in subset if (name := _readable(text))]
        kept = {name: grant for name in wanted if (grant := self.grant_for(name))}
        behalf = self.on_behalf.intersection(wanted)
        return replace(self, addresses=kept, on_behalf=behalf, domains=frozenset(), catch_all={}, sub_addressing=False)

    def grant_for(self, address: str) -> Grant | None:
        """Return why the login may send as *address* (comparable form), or None."""
        if grant := self.addresses.get(address):
            return grant
        local, _, domain = address.rpartition("@")
        if self.sub_addressing and self._is_sub_address(local, domain):
            return Grant.SUB_ADDRESS
        if domain in self.domains:
            return Grant.DOMAIN
        taken = self.catch_all.get(domain)
        return Grant.CATCH_ALL if taken is not None and not _reaches_other(local, domain, taken) else None

    def _is_sub_address(self, local: str, domain: str) -> bool:
        base, plus, _ = local.partition("+")
        return bool(plus) and self.addresses.get(f"{base}@{domain}") in {Grant.OWN, Grant.ALIAS, Grant.DOMAIN_ALIAS}


def _reaches_other(local: str, domain: str, taken: frozenset[str]) -> bool:
    return f"{local}@{domain}" in taken or f"{local.partition('+')[0]}@{domain}" in taken


def _readable(text: str) -> str | None:
    try:
        return comparable(text, utf8=True)
    except UnreadableError:
        return None


def _readable_domain(text: str) -> str | None:
    name = _readable(f"x@{text}")
    return name.removeprefix("x@") if name else None
