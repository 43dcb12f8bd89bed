"""What became of a batch whose end nobody saw: look only where its messages can be, compare size and SHA-256.

It needs no Message-ID, and works without UIDPLUS. Two looks with a pause before each, because the server may still be
writing what it had taken when the connection broke.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace

from postroom_import.copying.domain import Item, OpenBatch, Outcome
from postroom_import.copying.messages import read_digests
from postroom_import.copying.parties import Party
from postroom_import.copying.targets import TargetFolder

_LOOKS = 2


@dataclass(frozen=True, slots=True)
class Settling:
    """How one open batch is settled.

    Attributes:
        source: The mailbox the batch came from, its folder open.
        target: The folder the batch went to.
        delay_s: Before each look.
    """

    source: Party
    target: TargetFolder
    delay_s: float

    async def settled(self, batch: OpenBatch) -> list[Item]:
        """Return the batch's items with what became of each."""
        items = [await self._digested(item) for item in batch.items]
        result = items
        for _ in range(_LOOKS):
            await asyncio.sleep(self.delay_s)
            found = await self._found(batch)
            result = [_judged(item, found) for item in items]
            if all(item.outcome.is_final for item in result):
                break
        return result

    async def _digested(self, item: Item) -> Item:
        """Read a large message again if it broke off before its digest was known."""
        if item.sha256 is not None:
            return item
        digests = await read_digests(self.source, [item.uid])
        if item.uid not in digests:
            return replace(item, outcome=Outcome.VANISHED)
        size, digest = digests[item.uid]
        return replace(item, size=size, sha256=digest)

    async def _found(self, batch: OpenBatch) -> Mapping[tuple[int, bytes], int]:
        sizes = {item.size for item in batch.items}
        since = await self._first_possible(batch)
        return await self.target.found_since(since, sizes)

    async def _first_possible(self, batch: OpenBatch) -> int:
        await self.target.look()
        return batch.uidnext_before if batch.uidvalidity == self.target.uidvalidity else 1


def _judged(item: Item, found: Mapping[tuple[int, bytes], int]) -> Item:
    if item.outcome.is_final or item.sha256 is None:
        return item
    uid = found.get((item.size, item.sha256))
    if uid is None:
        return replace(item, outcome=Outcome.UNSETTLED, attempts=item.attempts + 1)
    return replace(item, outcome=Outcome.COPIED, target_uid=uid)
