"""What the correlator holds for one host: its queue ids are its own."""

from postroom_logs.correlation.messages import Message


class HostState:
    """Open messages of one host."""

    __slots__ = ("children", "expected", "name", "open", "serial", "short_name")

    def __init__(self, name: str) -> None:
        """Begin with nothing open."""
        self.name = name
        self.short_name = name.partition(".")[0]
        self.open: dict[str, Message] = {}
        self.serial = 0
        self.children: dict[str, str] = {}
        """Parents of queue ids that are not seen yet."""
        self.expected: dict[str, Message] = {}
        """Earlier halves of messages that another host says it handed over under a queue id of this one."""

    def begin(self, queue_id: str, at_us: int) -> Message:
        """Open a message; whatever was open under its queue id is closed (short queue ids are used again)."""
        message = self.unqueued(queue_id, at_us)
        self.open[queue_id] = message
        if self.children and queue_id in self.children:
            message.parent = self.children.pop(queue_id)
        return message

    def unqueued(self, queue_id: str, at_us: int) -> Message:
        """Return a message that has no life in the queue."""
        self.serial += 1
        return Message(self.name, queue_id, at_us, self.serial)

    def message(self, queue_id: str, at_us: int) -> Message:
        """Return the open message of that queue id; a log that begins in its middle opens it late."""
        return self.open.get(queue_id) or self.begin(queue_id, at_us)
