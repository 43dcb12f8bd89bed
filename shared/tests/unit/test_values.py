import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from postroom_shared.values import Address, Domain, uuid7


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Example.COM", "example.com"),
        ("müller.example", "xn--mller-kva.example"),
        ("xn--mller-kva.example", "xn--mller-kva.example"),
    ],
)
def test_a_domain_is_kept_in_lower_case_a_labels(text: str, expected: str):
    assert Domain(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "localhost",
        "-a.example",
        "a-.example",
        "a..example",
        "a.example.",
        "127.0.0.1",
        "a b.example",
        "a" * 64 + ".example",
    ],
)
def test_what_is_no_domain_name_is_refused(text: str):
    with pytest.raises(ValueError, match="no domain name"):
        Domain(text)


def test_an_address_is_lower_case_on_both_sides():
    address = Address("Anna.Müller+News@Müller.example")

    assert address == "anna.müller+news@xn--mller-kva.example"
    assert address.local_part == "anna.müller+news"
    assert address.domain == "xn--mller-kva.example"


@pytest.mark.parametrize(
    "text",
    [
        "anna",
        "@example.com",
        "anna@",
        "a@b@example.com",
        '"a b"@example.com',
        "a..b@example.com",
        ".a@example.com",
        "a@example.com\r\nBcc: x",
        "a\x00@example.com",
        "<a@example.com>",
        "a" * 65 + "@example.com",
        "é" * 33 + "@example.com",
    ],
)
def test_what_is_no_single_address_is_refused(text: str):
    with pytest.raises(ValueError, match=r"no mail address|no domain name"):
        Address(text)


@given(st.text(max_size=80))
def test_parsing_is_idempotent_and_never_lets_a_control_character_through(text: str):
    try:
        address = Address(text)
    except ValueError:
        return

    assert Address(str(address)) == address
    assert not any(ord(character) < 0x21 or ord(character) == 0x7F for character in address)


def test_pydantic_parses_and_refuses_addresses():
    adapter = TypeAdapter(Address)

    assert adapter.validate_python("A@Example.com") == "a@example.com"
    with pytest.raises(ValidationError):
        adapter.validate_python("no address")


def test_version_7_uuids_are_ordered_by_time():
    made = [uuid7() for _ in range(50)]

    assert all(value.version == 7 for value in made)
    assert [value.int >> 80 for value in made] == sorted(value.int >> 80 for value in made)
