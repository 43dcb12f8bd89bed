"""What scenes are written with: names, queue ids, processes, and the truth beside the lines."""

import random
from typing import Final, NamedTuple

LOCAL_DOMAINS: Final = 50
START_S: Final = 1_793_491_200.0
"""2026-11-01T00:00:00Z."""
_BASE52: Final = "0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz"


class WrittenLine(NamedTuple):
    """A line before it has a header."""

    at_s: float
    order: int
    program: str
    process_id: int
    text: str


class Truth(NamedTuple):
    """What became of a message for one recipient."""

    queue_id: str
    recipient: str
    status: str
    dsn: str
    sender: str
    message_id: str | None
    client_address: str | None
    attempts: int
    login: str | None
    original_recipient: str | None
    folder: str | None
    is_child: bool


class Stage:
    """Where scenes are played; the same seed gives the same lines."""

    def __init__(self, *, seed: int, short_queue_ids: bool) -> None:
        """Begin with nothing written.

        Args:
            seed: Of the one source of chance.
            short_queue_ids: Write short queue ids, which are used again for later messages.
        """
        self.random = random.Random(seed)  # noqa: S311 - a generator of test data
        self.lines: list[WrittenLine] = []
        self.truths: list[Truth] = []
        self._short = short_queue_ids
        self.reused = 0
        """How often a queue id was used again."""
        self._serial = 0
        self._free: list[tuple[float, str]] = []
        self._processes: dict[str, list[int]] = {}

    def write(self, at_s: float, program: str, text: str) -> None:
        """Write a line of a program."""
        self._serial += 1
        processes = self._processes.setdefault(program, [self.random.randint(300, 65_000) for _ in range(12)])
        self.lines.append(WrittenLine(at_s, self._serial, program, self.random.choice(processes), text))

    def postfix(self, at_s: float, daemon: str, text: str) -> None:
        """Write a line of a daemon of Postfix."""
        self.write(at_s, f"postfix/{daemon}", text)

    def tell(
        self,
        *,
        queue_id: str,
        recipient: str,
        status: str,
        sender: str,
        dsn: str = "2.0.0",
        message_id: str | None = None,
        client_address: str | None = None,
        attempts: int = 1,
        login: str | None = None,
        original_recipient: str | None = None,
        folder: str | None = None,
        is_child: bool = False,
    ) -> None:
        """Note the truth about one recipient."""
        self.truths.append(
            Truth(
                queue_id, recipient, status, dsn, sender, message_id, client_address, attempts, login,
                original_recipient, folder, is_child,
            )
        )  # fmt: skip

    def queue_id(self, at_s: float) -> str:
        """Return a queue id: a fresh one, or with short ones sometimes one whose message is over."""
        if self._short and self.random.random() < 0.5:
            for position, (over_s, queue_id) in enumerate(self._free[:50]):
                if over_s < at_s - 1:
                    self.reused += 1
                    del self._free[position]
                    return queue_id
        self._serial += 1
        if self._short:
            return f"{int(at_s * 1e6) % 1_000_000:05X}{0x3A0000 + self._serial:X}"
        seconds, microseconds, text = int(at_s), int(at_s * 1e6) % 1_000_000, ""
        for _ in range(6):
            text = _BASE52[seconds % 52] + text
            seconds //= 52
        for _ in range(4):
            text += _BASE52[microseconds % 52]
            microseconds //= 52
        return f"{text}z{self._serial:x}".translate(str.maketrans("ae", "BC"))

    def free(self, at_s: float, queue_id: str) -> None:
        """Let the queue id be used again after a moment."""
        if self._short:
            self._free.append((at_s, queue_id))

    def local_address(self) -> str:
        """Return an address of ours."""
        number = int(self.random.random() ** 2 * 2000)
        return f"user{number}@dom{number % LOCAL_DOMAINS}.example"

    def remote_address(self) -> str:
        """Return an address of others; some look odd."""
        name = self.random.choice(("info", "jean.dupont", "o=reilly", "bounce+x", "no-reply", "Müller"))
        return f"{name}{self.random.randint(0, 9999)}@ext{int(self.random.random() ** 2 * 500)}.test"

    def address(self) -> str:
        """Return an IP address, sometimes of version 6."""
        numbers = [self.random.randint(1, 254) for _ in range(4)]
        if self.random.random() < 0.1:
            return f"2001:db8::{numbers[0]:x}:{numbers[1]:x}"
        return ".".join(str(number) for number in numbers)

    def message_id(self) -> str:
        """Return a Message-ID; some are longer than Dovecot shows."""
        self._serial += 1
        text = f"{self.random.getrandbits(64):016x}.{self._serial}@ext.test"
        return f"{'long-' * 20}{text}" if self.random.random() < 0.05 else text

    def delays(self) -> str:
        """Return the delay fields of a delivery agent."""
        return f"delay={self.random.random() * 3:.2g}, delays=0.1/0.01/0.2/0.5"
