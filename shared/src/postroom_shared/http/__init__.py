"""HTTP of the suite: one application shape, problems (RFC 9457), identity, pages, idempotency, streams, telemetry."""

from starlette.convertors import Convertor, register_url_convertor
from typing_extensions import override


class _Segment(Convertor[str]):
    """A path parameter ends at a colon too: `/v1/people/{id}:accept` is not `/v1/people/{id}` with an odd id."""

    regex = "[^/:]+"

    @override
    def convert(self, value: str) -> str:
        return value

    @override
    def to_string(self, value: str) -> str:
        return value


# Here, since routes are compiled when their modules are imported, and all of them import from this package first.
register_url_convertor("str", _Segment())
