"""Sealed fields: one data key per organisation, so that deleting one row makes an organisation's secrets unreadable."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession

from postroom_shared.security.repository import DataKeys, WrappedKey, require_sight_of_everything
from postroom_shared.security.sealing import envelope
from postroom_shared.security.sealing.envelope import SealContext
from postroom_shared.security.sealing.errors import SealBrokenError
from postroom_shared.security.sealing.keyring import Keyring
from postroom_shared.security.sealing.recent_keys import RecentKeys

CACHE_CAPACITY = 1024
CACHE_LIFETIME = timedelta(minutes=5)
REWRAP_BATCH = 200


class Vault:
    """Seal small secrets into columns and open them again.

    One per process. Secrets of no organisation, such as the operator's, belong to `postroom_shared.values.NIL`. The
    session must see the organisation's rows (`bind_organisation`). Nothing is committed here.

    Args:
        keyring: The master keys.
        cache_capacity: Most data keys kept unwrapped.
        cache_lifetime: How long each is kept. Another process can still open an organisation's values for that long
            after its key was destroyed.
    """

    def __init__(
        self,
        keyring: Keyring,
        *,
        cache_capacity: int = CACHE_CAPACITY,
        cache_lifetime: timedelta = CACHE_LIFETIME,
    ) -> None:
        self._keyring = keyring
        self._recent = RecentKeys(capacity=cache_capacity, lifetime=cache_lifetime)

    async def seal(
        self, session: AsyncSession, organisation_id: UUID, *, context: SealContext, plaintext: bytes
    ) -> bytes:
        """Return *plaintext* sealed for one column of one row, `context=("import_source", row_id, "password")`.

        The organisation's key is made when there is none. It is read from the database each time and held until the end
        of the transaction, so that nothing is ever sealed with a key that was destroyed meanwhile or never committed.
        """
        data_key = await self._key_to_seal_with(DataKeys(session), organisation_id)
        return envelope.seal(data_key, plaintext, organisation_id=organisation_id, context=context)

    async def unseal(
        self, session: AsyncSession, organisation_id: UUID, *, context: SealContext, sealed: bytes
    ) -> bytes:
        """Return what was sealed for this very place.

        Raises:
            SealBrokenError: It was changed or moved, or the organisation's key was destroyed.
            KeyringError: The master key that wraps the organisation's key is not in the keyring.
        """
        key_id = envelope.key_id_in(sealed)
        data_key = self._recent.find(organisation_id, key_id)
        if data_key is None:
            stored = await DataKeys(session).find(organisation_id)
            if stored is None:
                raise SealBrokenError("the organisation has no key, or it was destroyed")
            data_key = self._unwrapped(stored)
        return envelope.unseal(data_key, sealed, organisation_id=organisation_id, context=context)

    async def rewrap(self, session: AsyncSession, *, limit: int = REWRAP_BATCH) -> int:
        """Wrap up to *limit* data keys with the current master key; return how many were done, 0 when none is left.

        Call it in one transaction after the other. Sealed values do not change. Rows that another transaction holds are
        left for the next call; `master_keys_in_use` tells when the old key can go.

        Raises:
            RuntimeError: The transaction does not see all organisations.
            KeyringError: A master key that is needed is not in the keyring.
        """
        await require_sight_of_everything(session)
        keys = DataKeys(session)
        batch = await keys.wrapped_by_others(self._keyring.current, limit=limit)
        for stored in batch:
            await keys.replace(self._wrapped(self._unwrapped(stored), stored.organisation_id))
        return len(batch)

    async def master_keys_in_use(self, session: AsyncSession) -> frozenset[str]:
        """Return the ids of the master keys that must stay in the file.

        Raises:
            RuntimeError: The transaction does not see all organisations.
        """
        await require_sight_of_everything(session)
        return await DataKeys(session).kek_ids()

    async def shred(self, session: AsyncSession, organisation_id: UUID) -> bool:
        """Destroy the organisation's key, and with it everything sealed for it; return whether there was one.

        Final with the commit. Waits for transactions that are sealing for the organisation at this moment.
        """
        found = await DataKeys(session).destroy(organisation_id)
        self._recent.forget(organisation_id)
        # again at the commit: until then another transaction may have read the key
        event.listen(session.sync_session, "after_commit", self._forgetting(organisation_id), once=True)
        return found

    async def _key_to_seal_with(self, keys: DataKeys, organisation_id: UUID) -> bytes:
        stored = await keys.hold(organisation_id)
        if stored is None:
            await keys.add_unless_there(self._wrapped(envelope.new_data_key(), organisation_id))
            stored = await keys.hold(organisation_id)
        if stored is None:
            raise RuntimeError("the key of the organisation was destroyed while it was made")
        return self._unwrapped(stored)

    def _wrapped(self, data_key: bytes, organisation_id: UUID) -> WrappedKey:
        wrapped = envelope.wrap_data_key(self._keyring, data_key, organisation_id=organisation_id)
        return WrappedKey(organisation_id, wrapped, self._keyring.current)

    def _unwrapped(self, stored: WrappedKey) -> bytes:
        data_key = envelope.unwrap_data_key(
            self._keyring, stored.wrapped, master_key_id=stored.kek_id, organisation_id=stored.organisation_id
        )
        self._recent.keep(stored.organisation_id, envelope.key_id_of(data_key), data_key)
        return data_key

    def _forgetting(self, organisation_id: UUID) -> Callable[[object], None]:
        return lambda _session: self._recent.forget(organisation_id)
