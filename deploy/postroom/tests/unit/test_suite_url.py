import pytest

from postroom.command_line.suite_url import BadUrlError, PlainUrlError, suite_url


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://Mail.Example.com/", "https://mail.example.com"),
        (" https://mail.example.com:8443 ", "https://mail.example.com:8443"),
        ("http://127.0.0.1:8125", "http://127.0.0.1:8125"),
        ("http://localhost:8125/", "http://localhost:8125"),
        ("http://[::1]:8125", "http://[::1]:8125"),
    ],
)
def test_one_suite_has_one_address(text: str, url: str) -> None:
    assert suite_url(text) == url


@pytest.mark.parametrize(
    "text",
    [
        "",
        "mail.example.com",
        "ftp://mail.example.com",
        "https://",
        "https://mail.example.com:99999",
        "https://anna@mail.example.com",
        "https://mail.example.com/v1",
        "https://mail.example.com?x=1",
        "https://[mail",
    ],
)
def test_what_is_no_address_of_a_suite_is_refused(text: str) -> None:
    with pytest.raises(BadUrlError):
        suite_url(text)


@pytest.mark.parametrize("text", ["http://mail.example.com", "http://192.0.2.1:8125", "http://localhost.example.com"])
def test_a_token_is_not_sent_to_another_machine_without_encryption(text: str) -> None:
    with pytest.raises(PlainUrlError):
        suite_url(text)
