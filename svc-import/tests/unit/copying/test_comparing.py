"""Which messages are there already: sizes only save reading, octets decide."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from postroom_import.copying.comparing import FolderContents

CONTENT = st.binary(min_size=1, max_size=3)


def digest(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


def copied(folder: list[bytes], sources: list[bytes]) -> tuple[list[bytes], int]:
    """Copy *sources* into *folder* as the engine does; return what was copied and how many messages were read."""
    contents = FolderContents.of({uid: len(content) for uid, content in enumerate(folder)})
    sent, read = [], 0
    for message in sources:
        for size, uids in contents.to_compare([len(message)]).items():
            read += len(uids)
            for uid in uids:
                contents.learn(size=size, digest=digest(folder[uid]))
            contents.compared(size)
        if not contents.holds(size=len(message), digest=digest(message)):
            sent.append(message)
            contents.learn(size=len(message), digest=digest(message))
    return sent, read


@given(st.lists(CONTENT, max_size=20), st.lists(CONTENT, max_size=20))
def test_each_content_that_is_not_there_is_copied_once_and_nothing_else_is(
    folder: list[bytes], new: list[bytes]
) -> None:
    sent, _ = copied(folder, new)

    assert len(sent) == len(set(sent))
    assert set(sent) == set(new) - set(folder)
    assert sent == sorted(sent, key=new.index)


@given(st.lists(CONTENT, max_size=20), st.lists(CONTENT, max_size=20))
def test_only_messages_of_a_size_that_comes_are_read_and_each_once(folder: list[bytes], new: list[bytes]) -> None:
    _, read = copied(folder, new)

    assert read == sum(len(content) in set(map(len, new)) for content in folder)


@given(st.lists(CONTENT, max_size=20), CONTENT)
def test_a_size_that_is_nowhere_needs_no_comparison(folder: list[bytes], content: bytes) -> None:
    contents = FolderContents.of({uid: len(each) for uid, each in enumerate(folder)})

    assert contents.may_hold(len(content)) == any(len(each) == len(content) for each in folder)
