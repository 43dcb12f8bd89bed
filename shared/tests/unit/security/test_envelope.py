from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom_shared.security.sealing import Keyring, KeyringError, SealBrokenError
from postroom_shared.security.sealing.envelope import (
    SealContext,
    key_id_in,
    key_id_of,
    new_data_key,
    seal,
    unseal,
    unwrap_data_key,
    wrap_data_key,
)

KEY = bytes(range(32))
ORGANISATION, ROW = uuid4(), uuid4()
CONTEXT: SealContext = ("import_source", ROW, "password")
KEYRING = Keyring("k2", {"k1": bytes(32), "k2": KEY})


@given(st.binary(max_size=300))
def test_what_was_sealed_comes_back(plaintext: bytes):
    sealed = seal(KEY, plaintext, organisation_id=ORGANISATION, context=CONTEXT)

    assert unseal(KEY, sealed, organisation_id=ORGANISATION, context=CONTEXT) == plaintext
    assert key_id_in(sealed) == key_id_of(KEY)


@pytest.mark.parametrize(
    ("organisation_id", "context"),
    [
        (uuid4(), CONTEXT),
        (ORGANISATION, ("import_source", uuid4(), "password")),
        (ORGANISATION, ("import_source", ROW, "username")),
        (ORGANISATION, ("mail_server", ROW, "password")),
        (ROW, ("import_source", ORGANISATION, "password")),
    ],
    ids=["organisation", "row", "column", "table", "ids exchanged"],
)
def test_a_sealed_value_opens_nowhere_else(organisation_id: UUID, context: SealContext):
    sealed = seal(KEY, b"secret", organisation_id=ORGANISATION, context=CONTEXT)

    with pytest.raises(SealBrokenError):
        unseal(KEY, sealed, organisation_id=organisation_id, context=context)


def test_words_that_run_together_are_two_places():
    sealed = seal(KEY, b"secret", organisation_id=ORGANISATION, context=("ab", ROW, "c"))

    with pytest.raises(SealBrokenError):
        unseal(KEY, sealed, organisation_id=ORGANISATION, context=("a", ROW, "bc"))


def test_every_changed_octet_is_noticed():
    sealed = seal(KEY, b"secret", organisation_id=ORGANISATION, context=CONTEXT)

    for position in range(len(sealed)):
        changed = bytearray(sealed)
        changed[position] ^= 1
        with pytest.raises(SealBrokenError):
            unseal(KEY, bytes(changed), organisation_id=ORGANISATION, context=CONTEXT)


def test_every_shortened_value_is_noticed():
    sealed = seal(KEY, b"secret", organisation_id=ORGANISATION, context=CONTEXT)

    for length in range(len(sealed)):
        with pytest.raises(SealBrokenError):
            unseal(KEY, sealed[:length], organisation_id=ORGANISATION, context=CONTEXT)


@given(st.binary(max_size=200))
def test_noise_is_no_sealed_value(noise: bytes):
    with pytest.raises(SealBrokenError):
        unseal(KEY, noise, organisation_id=ORGANISATION, context=CONTEXT)


def test_the_length_of_a_password_does_not_show():
    lengths = {len(seal(KEY, b"x" * length, organisation_id=ORGANISATION, context=CONTEXT)) for length in range(1, 61)}

    assert len(lengths) == 1


def test_the_same_secret_is_sealed_differently_each_time():
    sealed = {seal(KEY, b"secret", organisation_id=ORGANISATION, context=CONTEXT) for _ in range(20)}

    assert len(sealed) == 20


def test_two_data_keys_have_two_names():
    assert key_id_of(new_data_key()) != key_id_of(new_data_key())


def test_a_data_key_is_unwrapped_for_its_organisation_only():
    wrapped = wrap_data_key(KEYRING, KEY, organisation_id=ORGANISATION)

    assert unwrap_data_key(KEYRING, wrapped, master_key_id="k2", organisation_id=ORGANISATION) == KEY
    with pytest.raises(SealBrokenError):
        unwrap_data_key(KEYRING, wrapped, master_key_id="k2", organisation_id=uuid4())


def test_a_data_key_is_not_unwrapped_by_another_master_key():
    wrapped = wrap_data_key(KEYRING, KEY, organisation_id=ORGANISATION)

    with pytest.raises(SealBrokenError):
        unwrap_data_key(KEYRING, wrapped, master_key_id="k1", organisation_id=ORGANISATION)
    with pytest.raises(KeyringError):
        unwrap_data_key(KEYRING, wrapped, master_key_id="k0", organisation_id=ORGANISATION)


@given(st.binary(max_size=80))
def test_noise_is_no_data_key(noise: bytes):
    with pytest.raises(SealBrokenError):
        unwrap_data_key(KEYRING, noise, master_key_id="k2", organisation_id=ORGANISATION)
