from hypothesis import given
from hypothesis import strategies as st

from postroom_shared.http.pages import BadCursorError, decode_cursor, encode_cursor, page_of


@given(st.lists(st.one_of(st.integers(), st.text(), st.none(), st.booleans()), min_size=1, max_size=3))
def test_a_cursor_gives_back_its_key(key: list[object]):
    assert decode_cursor(encode_cursor(*key), width=len(key)) == key


@given(st.text(max_size=60))
def test_any_other_text_is_refused_as_a_cursor(text: str):
    try:
        key = decode_cursor(text, width=2)
    except BadCursorError:
        return

    assert len(key) == 2


def test_the_last_page_has_no_next():
    assert page_of([1, 2], limit=2, key=lambda item: (item,)).next is None


def test_a_page_ends_before_the_row_that_proves_there_is_more():
    page = page_of([1, 2, 3], limit=2, key=lambda item: (item,))

    assert page.items == [1, 2]
    assert page.next is not None
    assert decode_cursor(page.next, width=1) == [2]
