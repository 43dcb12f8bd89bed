"""What a login may send as."""

import pytest

from postroom_smtp_guard.decision.domain import Grant
from postroom_smtp_guard.decision.senders import ValidSenders

LOGIN = "anna@example.org"


def test_an_own_address_an_alias_and_a_delegation_are_told_apart() -> None:
    senders = ValidSenders.of(LOGIN, [("Info@example.org", Grant.SHARED), ("a.b@example.com", Grant.ALIAS)])

    grants = [senders.grant_for(a) for a in (LOGIN, "info@example.org", "a.b@example.com", "ceo@example.org")]

    assert grants == [Grant.OWN, Grant.SHARED, Grant.ALIAS, None]


@pytest.mark.parametrize(
    ("address", "grant"),
    [
        ("anna+shop@example.org", Grant.SUB_ADDRESS),
        ("anna@example.org", Grant.OWN),
        ("info+x@example.org", None),
        ("annab+x@example.org", None),
        ("+x@example.org", None),
    ],
)
def test_sub_addressing_covers_own_addresses_only(address: str, grant: Grant | None) -> None:
    senders = ValidSenders.of(LOGIN, [("info@example.org", Grant.SEND_AS)], sub_addressing=True)

    assert senders.grant_for(address) is grant


def test_sub_addresses_are_foreign_while_the_switch_is_off() -> None:
    assert ValidSenders.of(LOGIN).grant_for("anna+shop@example.org") is None


def test_a_granted_domain_covers_every_address_of_it_and_no_subdomain() -> None:
    senders = ValidSenders.of(LOGIN, domains=["shop.example"])

    assert senders.grant_for("anything@shop.example") is Grant.DOMAIN
    assert senders.grant_for("anything@eu.shop.example") is None
    assert senders.grant_for("anything@shop.example.evil.example") is None


def test_a_catch_all_does_not_reach_the_names_of_others_nor_their_sub_addresses() -> None:
    senders = ValidSenders.of(LOGIN, catch_all={"example.org": ["ceo@example.org"]})

    assert senders.grant_for("nobody@example.org") is Grant.CATCH_ALL
    assert senders.grant_for("ceo@example.org") is None
    assert senders.grant_for("ceo+x@example.org") is None


def test_a_subset_leaves_only_what_the_login_has_anyway() -> None:
    senders = ValidSenders.of(LOGIN, [("info@example.org", Grant.SHARED)], on_behalf=["ceo@example.org"])

    limited = senders.limited_to(["info@example.org", "bank@evil.example"])

    assert dict(limited.addresses) == {"info@example.org": Grant.SHARED}
    assert limited.on_behalf == frozenset()
    assert senders.limited_to(None) is senders


def test_a_name_that_cannot_be_read_is_nobodys_sender() -> None:
    senders = ValidSenders.of(LOGIN, [("not an address", Grant.ALIAS)])

    assert dict(senders.addresses) == {LOGIN: Grant.OWN}
