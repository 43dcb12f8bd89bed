"""What is sent together."""

from hypothesis import given
from hypothesis import strategies as st

from postroom_import.copying.domain import Item, Outcome, Tally
from postroom_import.copying.folder_copy import CopyLimits, batches
from postroom_import.imap.fetching import Metadata

LIMITS = CopyLimits(batch_messages=5, batch_octets=100)
MESSAGES = st.lists(st.integers(0, 250), max_size=40).map(
    lambda sizes: [Metadata(uid, frozenset(), None, size) for uid, size in enumerate(sizes, 1)]
)


@given(MESSAGES, st.sets(st.integers(1, 40)))
def test_batches_keep_the_order_and_the_limits(messages: list[Metadata], sent_before: set[int]) -> None:
    parts = list(batches(messages, dict.fromkeys(sent_before, 1), LIMITS))

    assert [item for part in parts for item in part] == messages
    for part in parts:
        assert len(part) <= LIMITS.batch_messages
        assert len(part) == 1 or sum(item.size for item in part) <= LIMITS.batch_octets
        assert len(part) == 1 or not sent_before & {item.uid for item in part}


@given(st.lists(st.tuples(st.sampled_from(Outcome), st.integers(0, 99))))
def test_only_what_is_dealt_with_is_counted(outcomes: list[tuple[Outcome, int]]) -> None:
    items = [Item(uid=uid, size=size, outcome=outcome) for uid, (outcome, size) in enumerate(outcomes)]

    tally = Tally.of(items)

    final = [item for item in items if item.outcome not in {Outcome.SENT, Outcome.UNSETTLED}]
    assert (tally.messages, tally.octets) == (len(final), sum(item.size for item in final))
    assert tally.copied + tally.already_there + tally.failed == tally.messages - sum(
        item.outcome is Outcome.VANISHED for item in final
    )
