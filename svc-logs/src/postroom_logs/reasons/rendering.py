"""Sentences for reasons, from one catalogue a language."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final

from postroom_logs.reasons.reason import Reason

LANGUAGES: Final = ("en", "fr")
"""The first is spoken when none is asked for that we know."""


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """Return the sentences of one of `LANGUAGES`, by key; `{host}` and the like stand for parameters."""
    text = files("postroom_logs.reasons").joinpath("catalogue", f"{language}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def render(reason: Reason, *, language: str) -> str:
    """Say *reason* in a language.

    Where a parameter is unknown the sentence `<key>-unknown` is said, if there is one.
    """
    sentences = catalogue(language if language in LANGUAGES else LANGUAGES[0])
    key = str(reason.key)
    if not all(reason.parameters.values()):
        key = f"{key}-unknown" if f"{key}-unknown" in sentences else key
    sentence = sentences[key]
    for name, value in reason.parameters.items():
        sentence = sentence.replace("{" + name + "}", value)
    return sentence


def preferred_language(accept_language: str) -> str:
    """Return which of `LANGUAGES` suits an Accept-Language field best.

    Source: RFC 9110 §12.5.4
    """
    wanted: list[tuple[float, int, str]] = []
    for position, part in enumerate(accept_language.split(",")):
        name, _, weight = part.strip().partition(";")
        quality = weight.strip().removeprefix("q=")
        try:
            wanted.append((-float(quality or 1), position, name.partition("-")[0].lower()))
        except ValueError:
            continue
    for quality_below_zero, _, name in sorted(wanted):
        if quality_below_zero and name in LANGUAGES:
            return name
    return LANGUAGES[0]
