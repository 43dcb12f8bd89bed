"""All types of events there are, found in `postroom_shared.contracts`."""

import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from types import MappingProxyType, ModuleType
from typing import Any, TypeVar

from pydantic import ValidationError

from postroom_shared.events.cloudevents import Event
from postroom_shared.events.errors import MalformedEventError
from postroom_shared.events.payload import EventPayload

P = TypeVar("P", bound=EventPayload)


@cache
def catalogue() -> Mapping[str, type[EventPayload]]:
    """Return every payload model by its type, in alphabetical order.

    Raises:
        TypeError: Two models claim one type.
    """
    found: dict[str, type[EventPayload]] = {}
    for module in _contract_modules():
        for model in _payloads(module):
            if found.setdefault(model.event_type, model) is not model:
                raise TypeError(f"{model.event_type} is declared twice")
    return MappingProxyType(dict(sorted(found.items())))


def read(event: Event[dict[str, Any]], model: type[P]) -> Event[P]:
    """Return *event* with its data as *model*; members that the model does not know are ignored.

    Raises:
        MalformedEventError: A member is missing or has another type.
    """
    try:
        return event.holding(model.model_validate(event.data, strict=False, extra="ignore"))
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['type']}" for e in error.errors(include_input=False))
        raise MalformedEventError(f"{event.type} does not fit {model.__name__}: {problems}") from error


def _contract_modules() -> Iterator[ModuleType]:
    package = import_module("postroom_shared.contracts")
    for info in pkgutil.iter_modules(package.__path__, prefix="postroom_shared.contracts."):
        yield import_module(info.name)


def _payloads(module: ModuleType) -> Iterator[type[EventPayload]]:
    for value in vars(module).values():
        if isinstance(value, type) and issubclass(value, EventPayload) and value.__module__ == module.__name__:
            yield value
