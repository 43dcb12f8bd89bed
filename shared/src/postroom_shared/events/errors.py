"""What the event floor refuses or cannot do. None of these reaches an HTTP client."""


class EventError(Exception):
    """Anything that goes wrong between an outbox and a handler."""


class MalformedEventError(EventError):
    """A message is no event of ours: attributes are missing, or the subject does not fit them."""


class EventTooLargeError(EventError):
    """The data of an event is larger than `outbox.MAX_DATA_BYTES`; larger things are blobs that an event names."""


class PublishError(EventError):
    """NATS did not acknowledge a message; it stays in the outbox."""


class PublishRefusedError(PublishError):
    """The permissions of this service's NATS user do not cover the subject: a fault of the configuration."""


class StreamMissingError(PublishError):
    """No stream takes the subject (yet)."""


class NatsUnavailableError(EventError):
    """The NATS server cannot be reached, or does not accept our key."""
