"""Sealed values in a real database: whose they are, what destroys them, what many transactions at once do."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from datetime import timedelta
from typing import TypeAlias
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from postroom_shared.security.sealing import Keyring, KeyringError, SealBrokenError, SealContext, Vault
from postroom_shared.security.tables import DataKeyRow
from postroom_shared.values import NIL

Transaction: TypeAlias = Callable[[UUID | None], AbstractAsyncContextManager[AsyncSession]]

KEYRING = Keyring("k1", {"k1": bytes(range(32))})
ROTATED = Keyring("k2", {**KEYRING.keys, "k2": bytes(range(32, 64))})
AFTERWARDS = Keyring("k2", {"k2": ROTATED.keys["k2"]})

ROW = uuid4()
CONTEXT: SealContext = ("import_source", ROW, "password")


@pytest.fixture
def organisation_id() -> UUID:
    return uuid4()


async def seal(transaction: Transaction, vault: Vault, organisation_id: UUID, plaintext: bytes = b"secret") -> bytes:
    async with transaction(organisation_id) as session:
        return await vault.seal(session, organisation_id, context=CONTEXT, plaintext=plaintext)


async def unseal(
    transaction: Transaction, vault: Vault, organisation_id: UUID, sealed: bytes, *, context: SealContext = CONTEXT
) -> bytes:
    async with transaction(organisation_id) as session:
        return await vault.unseal(session, organisation_id, context=context, sealed=sealed)


async def count_keys(transaction: Transaction) -> int:
    async with transaction(None) as session:
        return await session.scalar(select(func.count()).select_from(DataKeyRow)) or 0


async def test_another_process_opens_what_one_sealed(transaction: Transaction, organisation_id: UUID):
    sealed = await seal(transaction, Vault(KEYRING), organisation_id, "pässwort".encode())

    opened = await unseal(transaction, Vault(KEYRING), organisation_id, sealed)

    assert opened.decode() == "pässwort"
    assert b"wort" not in sealed


async def test_secrets_of_no_organisation_have_a_key_too(transaction: Transaction):
    vault = Vault(KEYRING)
    async with transaction(None) as session:
        sealed = await vault.seal(session, NIL, context=CONTEXT, plaintext=b"secret")

        assert await vault.unseal(session, NIL, context=CONTEXT, sealed=sealed) == b"secret"


async def test_a_sealed_value_that_was_moved_does_not_open(transaction: Transaction, organisation_id: UUID):
    vault, other_id = Vault(KEYRING), uuid4()
    sealed = await seal(transaction, vault, organisation_id)
    await seal(transaction, vault, other_id)

    for thief, context in (
        (other_id, CONTEXT),
        (organisation_id, ("import_source", uuid4(), "password")),
        (organisation_id, ("import_source", ROW, "username")),
        (organisation_id, ("mail_server", ROW, "password")),
    ):
        for process in (vault, Vault(KEYRING)):
            with pytest.raises(SealBrokenError):
                await unseal(transaction, process, thief, sealed, context=context)


async def test_the_key_of_an_organisation_does_not_serve_another_that_takes_its_row(
    transaction: Transaction, organisation_id: UUID
):
    sealed, thief = await seal(transaction, Vault(KEYRING), organisation_id), uuid4()
    async with transaction(None) as session:
        await session.execute(update(DataKeyRow).values(organisation_id=thief))

    with pytest.raises(SealBrokenError):
        await unseal(transaction, Vault(KEYRING), thief, sealed)


async def test_a_transaction_of_another_organisation_reaches_no_key(transaction: Transaction, organisation_id: UUID):
    sealed = await seal(transaction, Vault(KEYRING), organisation_id)

    async with transaction(uuid4()) as session:
        with pytest.raises(SealBrokenError):
            await Vault(KEYRING).unseal(session, organisation_id, context=CONTEXT, sealed=sealed)
    with pytest.raises(DBAPIError, match="row-level security"):
        async with transaction(uuid4()) as session:
            await Vault(KEYRING).seal(session, organisation_id, context=CONTEXT, plaintext=b"secret")


async def test_many_first_secrets_at_once_share_one_key(transaction: Transaction, organisation_id: UUID):
    vaults = [Vault(KEYRING) for _ in range(8)]

    sealed = await asyncio.gather(*(seal(transaction, vault, organisation_id) for vault in vaults))

    assert await count_keys(transaction) == 1
    assert {await unseal(transaction, Vault(KEYRING), organisation_id, each) for each in sealed} == {b"secret"}


async def test_a_key_whose_transaction_failed_is_never_used(transaction: Transaction, organisation_id: UUID):
    vault = Vault(KEYRING)
    with suppress(ZeroDivisionError):
        async with transaction(organisation_id) as session:
            await vault.seal(session, organisation_id, context=CONTEXT, plaintext=b"lost")
            raise ZeroDivisionError

    sealed = await seal(transaction, vault, organisation_id)

    assert await unseal(transaction, Vault(KEYRING), organisation_id, sealed) == b"secret"


async def test_a_key_whose_savepoint_failed_is_never_used(transaction: Transaction, organisation_id: UUID):
    vault = Vault(KEYRING)
    async with transaction(organisation_id) as session:
        with suppress(ZeroDivisionError):
            async with session.begin_nested():
                await vault.seal(session, organisation_id, context=CONTEXT, plaintext=b"lost")
                raise ZeroDivisionError
        sealed = await vault.seal(session, organisation_id, context=CONTEXT, plaintext=b"secret")

    assert await unseal(transaction, Vault(KEYRING), organisation_id, sealed) == b"secret"


async def test_nothing_is_sealed_with_a_key_that_another_process_destroyed(
    transaction: Transaction, organisation_id: UUID
):
    ours, theirs = Vault(KEYRING), Vault(KEYRING)
    await seal(transaction, ours, organisation_id)
    async with transaction(organisation_id) as session:
        await theirs.shred(session, organisation_id)

    sealed = await seal(transaction, ours, organisation_id)

    assert await unseal(transaction, theirs, organisation_id, sealed) == b"secret"


async def test_destroying_the_key_makes_everything_of_the_organisation_unreadable(
    transaction: Transaction, organisation_id: UUID
):
    vault, other_id = Vault(KEYRING), uuid4()
    sealed = await seal(transaction, vault, organisation_id)
    others = await seal(transaction, vault, other_id)

    async with transaction(organisation_id) as session:
        there_was_one = await vault.shred(session, organisation_id)
        again = await vault.shred(session, organisation_id)

    assert (there_was_one, again) == (True, False)
    for process in (vault, Vault(KEYRING)):
        with pytest.raises(SealBrokenError):
            await unseal(transaction, process, organisation_id, sealed)
        assert await unseal(transaction, process, other_id, others) == b"secret"


async def test_old_values_stay_unreadable_under_the_next_key(transaction: Transaction, organisation_id: UUID):
    vault = Vault(KEYRING)
    sealed = await seal(transaction, vault, organisation_id)
    async with transaction(organisation_id) as session:
        await vault.shred(session, organisation_id)

    await seal(transaction, vault, organisation_id)

    with pytest.raises(SealBrokenError):
        await unseal(transaction, vault, organisation_id, sealed)


async def test_a_key_read_while_it_is_being_destroyed_is_forgotten_at_the_commit(
    transaction: Transaction, organisation_id: UUID
):
    vault = Vault(KEYRING)
    sealed = await seal(transaction, vault, organisation_id)

    async with transaction(organisation_id) as session:
        await vault.shred(session, organisation_id)
        meanwhile = await unseal(transaction, vault, organisation_id, sealed)

    assert meanwhile == b"secret"
    with pytest.raises(SealBrokenError):
        await unseal(transaction, vault, organisation_id, sealed)


async def test_destroying_the_key_is_undone_with_its_transaction(transaction: Transaction, organisation_id: UUID):
    vault = Vault(KEYRING)
    sealed = await seal(transaction, vault, organisation_id)

    with suppress(ZeroDivisionError):
        async with transaction(organisation_id) as session:
            await vault.shred(session, organisation_id)
            raise ZeroDivisionError

    assert await unseal(transaction, vault, organisation_id, sealed) == b"secret"


async def test_destroying_the_key_waits_for_who_is_sealing(transaction: Transaction, organisation_id: UUID):
    vault = Vault(KEYRING)
    await seal(transaction, vault, organisation_id)

    async with transaction(organisation_id) as sealing:
        await vault.seal(sealing, organisation_id, context=CONTEXT, plaintext=b"secret")
        async with transaction(organisation_id) as session:
            await session.execute(text("set local lock_timeout = '50ms'"))
            with pytest.raises(DBAPIError, match="lock timeout"):
                await vault.shred(session, organisation_id)
            await session.rollback()


async def test_two_transactions_seal_at_the_same_time(transaction: Transaction, organisation_id: UUID):
    vault = Vault(KEYRING)
    await seal(transaction, vault, organisation_id)

    async with transaction(organisation_id) as one, transaction(organisation_id) as other:
        for session in (one, other):
            await session.execute(text("set local lock_timeout = '50ms'"))
            await vault.seal(session, organisation_id, context=CONTEXT, plaintext=b"secret")


async def test_opening_again_asks_no_database_until_the_time_is_over(transaction: Transaction, organisation_id: UUID):
    remembering, forgetful = Vault(KEYRING), Vault(KEYRING, cache_lifetime=timedelta(0))
    sealed = await seal(transaction, remembering, organisation_id)
    for vault in (remembering, forgetful):
        await unseal(transaction, vault, organisation_id, sealed)
    async with transaction(organisation_id) as session:
        await Vault(KEYRING).shred(session, organisation_id)

    assert await unseal(transaction, remembering, organisation_id, sealed) == b"secret"
    with pytest.raises(SealBrokenError):
        await unseal(transaction, forgetful, organisation_id, sealed)


async def test_a_new_master_key_takes_over_in_batches_and_no_value_changes(transaction: Transaction):
    organisations = [uuid4() for _ in range(5)]
    sealed = {each: await seal(transaction, Vault(KEYRING), each) for each in organisations}
    batches: list[int] = []
    while not batches or batches[-1]:
        async with transaction(None) as session:
            batches.append(await Vault(ROTATED).rewrap(session, limit=2))
    async with transaction(None) as session:
        needed = await Vault(AFTERWARDS).master_keys_in_use(session)

    assert batches == [2, 2, 1, 0]
    assert needed == {"k2"}
    for organisation_id, value in sealed.items():
        assert await unseal(transaction, Vault(AFTERWARDS), organisation_id, value) == b"secret"
        with pytest.raises(KeyringError, match="'k2'"):
            await unseal(transaction, Vault(KEYRING), organisation_id, value)


async def test_sealing_goes_on_while_master_keys_are_exchanged(transaction: Transaction, organisation_id: UUID):
    await seal(transaction, Vault(KEYRING), organisation_id)

    async with transaction(None) as rotating:
        await Vault(ROTATED).rewrap(rotating)
        async with transaction(organisation_id) as session:
            await session.execute(text("set local lock_timeout = '50ms'"))
            sealed = await Vault(ROTATED).seal(session, organisation_id, context=CONTEXT, plaintext=b"secret")

    assert await unseal(transaction, Vault(AFTERWARDS), organisation_id, sealed) == b"secret"


async def test_master_keys_are_exchanged_by_several_at_once(transaction: Transaction):
    for _ in range(6):
        await seal(transaction, Vault(KEYRING), uuid4())

    async with transaction(None) as one, transaction(None) as other:
        done = [await Vault(ROTATED).rewrap(session, limit=4) for session in (one, other)]

    assert done == [4, 2]


async def test_a_transaction_that_does_not_see_all_keys_exchanges_none(transaction: Transaction, organisation_id: UUID):
    vault = Vault(ROTATED)

    async with transaction(organisation_id) as session:
        with pytest.raises(RuntimeError, match="SystemPrincipal"):
            await vault.rewrap(session)
        with pytest.raises(RuntimeError, match="SystemPrincipal"):
            await vault.master_keys_in_use(session)


async def test_a_vault_shows_no_key(transaction: Transaction, organisation_id: UUID):
    vault = Vault(KEYRING)
    await seal(transaction, vault, organisation_id)

    shown = f"{vars(vault)}"

    assert shown == "{'_keyring': Keyring(current='k1'), '_recent': RecentKeys(1 of 1024)}"
