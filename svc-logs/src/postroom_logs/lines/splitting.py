"""From bytes to lines, wherever the chunks end."""


class LineSplitter:
    r"""Splits a stream at its newlines; an incomplete last line waits for its rest.

    Bytes that are not UTF-8 are shown as `\xNN`, so that a line is always text and never loses anything.
    """

    def __init__(self) -> None:
        self.rest = b""
        """The beginning of a line whose end has not come yet."""

    def split(self, chunk: bytes) -> list[str]:
        """Return the lines that *chunk* completes, without their ends."""
        end = chunk.rfind(b"\n")
        if end < 0:
            self.rest += chunk
            return []
        complete = self.rest + chunk[:end]
        self.rest = chunk[end + 1 :]
        return complete.decode("utf-8", "backslashreplace").split("\n")
