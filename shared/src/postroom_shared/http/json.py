"""JSON as the suite writes it: UTF-8, compact."""

import json
from typing import Any


def dump_json(value: Any) -> bytes:
    """Return *value* as compact UTF-8 JSON; what JSON lacks (UUIDs, dates) becomes its text."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str).encode()
