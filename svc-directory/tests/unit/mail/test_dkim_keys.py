from datetime import UTC, datetime

import pytest

from postroom_directory.dkim_keys.domain import (
    DkimAlgorithm,
    DkimKey,
    DkimKeyState,
    default_selector,
    new_key_pair,
    require_not_active,
)
from postroom_directory.dkim_keys.errors import DkimKeyStateError
from postroom_shared.values import Domain, uuid7

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def key(algorithm: DkimAlgorithm = DkimAlgorithm.ED25519, state: DkimKeyState = DkimKeyState.PREPARED) -> DkimKey:
    return DkimKey(
        id=uuid7(),
        organisation_id=uuid7(),
        mail_service_id=uuid7(),
        domain_id=uuid7(),
        domain=Domain("example.com"),
        selector="s1",
        algorithm=algorithm,
        public_key=new_key_pair(algorithm).public_key,
        private_key=b"",
        state=state,
        activated_at=None,
        retired_at=None,
        version=1,
        created_at=NOW,
    )


@pytest.mark.parametrize("algorithm", list(DkimAlgorithm))
def test_the_record_fits_what_dns_takes(algorithm: DkimAlgorithm) -> None:
    made = key(algorithm)

    assert made.record_name == "s1._domainkey.example.com"
    assert made.record_value == f"v=DKIM1; k={algorithm.tag}; p={made.public_key}"
    assert "".join(made.record_strings) == made.record_value
    assert all(0 < len(each) <= 255 for each in made.record_strings)
    assert len(made.record_strings) == (2 if algorithm is DkimAlgorithm.RSA2048 else 1)


def test_a_key_has_one_way_to_go() -> None:
    active = key().activated(now=NOW)
    retired = active.retired(now=NOW)

    assert (active.state, active.activated_at, active.version) == (DkimKeyState.ACTIVE, NOW, 2)
    assert (retired.state, retired.retired_at, retired.version) == (DkimKeyState.RETIRED, NOW, 3)
    for wrong in (
        lambda: active.activated(now=NOW),
        lambda: retired.activated(now=NOW),
        lambda: retired.retired(now=NOW),
    ):
        with pytest.raises(DkimKeyStateError):
            wrong()


def test_a_key_that_signs_is_not_deleted() -> None:
    with pytest.raises(DkimKeyStateError):
        require_not_active(key(state=DkimKeyState.ACTIVE))

    require_not_active(key())


def test_a_selector_says_when_and_what() -> None:
    assert default_selector(DkimAlgorithm.RSA2048, now=NOW) == "pr20261125r"
    assert default_selector(DkimAlgorithm.ED25519, now=NOW) == "pr20261125e"
