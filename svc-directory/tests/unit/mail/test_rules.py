"""The rules of addresses and what hangs on them, of mail services, domains and mail servers."""

import base64
import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom_directory.addresses.domain import AddressKind, MailAddress, require_mailbox, rights_to_change
from postroom_directory.addresses.errors import NoMailboxError
from postroom_directory.aliases import domain as aliases
from postroom_directory.aliases.errors import TooManyAliasesError
from postroom_directory.application_passwords import domain as application_passwords
from postroom_directory.application_passwords.errors import AlreadyExpiredError, TooManyApplicationPasswordsError
from postroom_directory.delegations.domain import require_two_addresses
from postroom_directory.delegations.errors import DelegateUnknownError
from postroom_directory.domains.domain import MailDomain, require_own_addresses, require_secondary
from postroom_directory.domains.errors import DomainIsAliasError, DomainIsPrimaryError
from postroom_directory.mail_servers.domain import check_certificates
from postroom_directory.mail_servers.errors import CertificateUnreadableError
from postroom_directory.mail_services.domain import MailService
from postroom_directory.redirections import domain as redirections
from postroom_directory.redirections.errors import (
    AlreadyConfirmedError,
    RedirectionLoopError,
    TokenInvalidError,
    TooManyRedirectionsError,
)
from postroom_shared.localservers.certificates import loopback_certificate
from postroom_shared.principal import AddressRight
from postroom_shared.values import Address, Domain, uuid7

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def address(**more: Any) -> MailAddress:
    values: dict[str, Any] = {
        "id": uuid7(),
        "organisation_id": uuid7(),
        "mail_service_id": uuid7(),
        "domain_id": uuid7(),
        "address": Address("anna@example.com"),
        "kind": AddressKind.MAILBOX,
        "enabled": True,
        "display_name": "Anna",
        "attributes": {},
        "quota_bytes": None,
        "sub_addressing": True,
        "catch_all": False,
        "spam_filter": True,
        "advertising_filter": False,
        "credential_version": 3,
        "version": 5,
        "created_at": NOW,
    }
    return MailAddress(**values | more)


def mail_service(**more: Any) -> MailService:
    values: dict[str, Any] = {
        "id": uuid7(),
        "organisation_id": uuid7(),
        "mail_server_id": uuid7(),
        "name": "Mail",
        "primary_domain": Domain("example.com"),
        "plan": "free",
        "log_retention_days": 20,
        "logs_since": NOW - 100 * DAY,
        "language": "fr",
        "time_zone": "UTC",
        "default_rights": frozenset(),
        "version": 1,
        "created_at": NOW - 100 * DAY,
    }
    return MailService(**values | more)


def redirection(**more: Any) -> redirections.Redirection:
    values: dict[str, Any] = {
        "id": uuid7(),
        "organisation_id": uuid7(),
        "address_id": uuid7(),
        "target": Address("anna@example.net"),
        "keep_copy": True,
        "token_hash": None,
        "token_expires_at": None,
        "confirmed_at": None,
        "version": 1,
        "created_at": NOW,
    }
    return redirections.Redirection(**values | more)


@pytest.mark.parametrize(
    ("members", "needed"),
    [
        ((), frozenset()),
        (("spam_filter", "advertising_filter"), {AddressRight.FILTERS_MANAGE}),
        (("spam_filter", "sub_addressing"), {AddressRight.FILTERS_MANAGE, AddressRight.ALIASES_MANAGE}),
        (("spam_filter", "enabled"), None),
        (("quota_bytes",), None),
    ],
)
def test_some_switches_need_a_right_and_the_rest_a_manager(members: tuple[str, ...], needed: set[AddressRight]) -> None:
    assert rights_to_change(members) == needed


def test_a_change_is_a_new_version() -> None:
    anna = address()

    assert anna.with_changes({"enabled": False}) == replace(anna, enabled=False, version=6)
    assert anna.with_new_credentials() == replace(anna, credential_version=4, version=6)


def test_nobody_signs_in_where_mail_is_only_forwarded() -> None:
    with pytest.raises(NoMailboxError):
        require_mailbox(address(kind=AddressKind.FORWARD_ONLY))

    require_mailbox(address(kind=AddressKind.SHARED))


@pytest.mark.parametrize(
    ("require", "most", "error"),
    [
        (aliases.require_room, 200, TooManyAliasesError),
        (redirections.require_room, 20, TooManyRedirectionsError),
        (application_passwords.require_room, 50, TooManyApplicationPasswordsError),
    ],
)
def test_there_is_room_for_so_many(require: Callable[[int], None], most: int, error: type[Exception]) -> None:
    require(most - 1)

    with pytest.raises(error):
        require(most)


def test_a_secret_is_new_each_time_and_its_hash_is_dovecots() -> None:
    first, second = application_passwords.Secret.new(), application_passwords.Secret.new()

    assert first != second
    assert first.text.startswith(first.lookup_id)
    assert (len(first.lookup_id), len(first.text)) == (6, 32)
    assert first.text.isascii()
    assert first.text.isalnum()
    stored = base64.b64decode(first.hashed().removeprefix("{SSHA256}"))
    assert stored[:32] == hashlib.sha256(first.text.encode() + stored[32:]).digest()
    assert first.hashed() != first.hashed()


def test_an_expiry_lies_ahead() -> None:
    application_passwords.require_future(None, now=NOW)
    application_passwords.require_future(NOW + DAY, now=NOW)

    with pytest.raises(AlreadyExpiredError):
        application_passwords.require_future(NOW, now=NOW)


def test_a_redirection_is_confirmed_by_its_newest_token_in_time() -> None:
    token = redirections.new_token()
    waiting = redirection().with_token(token, now=NOW)

    confirmed = waiting.confirmed(now=NOW + 6 * DAY)

    assert (waiting.state, confirmed.state) == ("unconfirmed", "confirmed")
    assert waiting.token_hash == redirections.hash_token(token)
    assert (confirmed.token_hash, confirmed.confirmed_at, confirmed.version) == (None, NOW + 6 * DAY, 2)
    with pytest.raises(TokenInvalidError):
        waiting.confirmed(now=NOW + 7 * DAY)
    with pytest.raises(TokenInvalidError):
        redirection().confirmed(now=NOW)
    with pytest.raises(AlreadyConfirmedError):
        confirmed.with_token(token, now=NOW)


def test_a_redirection_leads_elsewhere() -> None:
    names = frozenset({Address("anna@example.com"), Address("office@example.com")})
    redirections.require_elsewhere(Address("anna@example.net"), own_names=names)

    with pytest.raises(RedirectionLoopError):
        redirections.require_elsewhere(Address("OFFICE@example.com"), own_names=names)


def test_a_delegation_joins_two_addresses_of_one_organisation() -> None:
    anna = address()
    require_two_addresses(anna, address(organisation_id=anna.organisation_id))

    for other in (anna, address()):
        with pytest.raises(DelegateUnknownError):
            require_two_addresses(anna, other)


def test_domains_and_alias_domains_differ() -> None:
    service = mail_service()
    first = MailDomain.first_of(service, now=NOW)
    second = MailDomain.of(service, Domain("example.net"), alias_of=None, now=NOW)
    alias = MailDomain.of(service, Domain("example.org"), alias_of=first, now=NOW)

    require_own_addresses(first)
    require_secondary(second)
    require_secondary(alias)
    with pytest.raises(DomainIsPrimaryError):
        require_secondary(first)
    with pytest.raises(DomainIsAliasError):
        require_own_addresses(alias)
    with pytest.raises(DomainIsAliasError):
        MailDomain.of(service, Domain("example.ch"), alias_of=alias, now=NOW)
    with pytest.raises(ValueError, match="primary domain"):
        MailDomain.first_of(mail_service(primary_domain=None), now=NOW)


def test_a_longer_retention_counts_from_what_is_kept_at_that_moment() -> None:
    longer = mail_service().with_plan("gold", log_retention_days=365, now=NOW)

    assert (longer.plan, longer.log_retention_days, longer.version) == ("gold", 365, 2)
    assert longer.logs_since == NOW - 20 * DAY


@given(st.lists(st.tuples(st.integers(1, 400), st.integers(0, 300)), max_size=8))
def test_no_change_of_plan_promises_logs_that_were_let_go(changes: list[tuple[int, int]]) -> None:
    service, now = mail_service(logs_since=NOW, created_at=NOW), NOW
    kept_since = NOW
    for days, pause in changes:
        now += pause * DAY
        kept_since = max(kept_since, now - service.log_retention_days * DAY)
        service = service.with_plan("plan", log_retention_days=days, now=now)

        promised = max(service.logs_since, now - days * DAY)
        assert promised >= kept_since
        assert promised <= max(kept_since, now - days * DAY)


def test_other_names_and_defaults_are_a_new_version() -> None:
    service = mail_service()

    assert service.with_changes({"name": "Post"}) == replace(service, name="Post", version=2)


def test_certificates_are_read_before_they_are_stored() -> None:
    certificate, key = (each.decode() for each in loopback_certificate())
    check_certificates(certificate)
    check_certificates(certificate * 2)

    for wrong in ("", "nonsense", key, certificate[:-60]):
        with pytest.raises(CertificateUnreadableError):
            check_certificates(wrong)
