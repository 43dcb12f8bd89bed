"""Partial changes: a member that is left out stays as it is; null is a value like any other, where it is allowed."""

from typing import Any, ClassVar, Self

from pydantic import model_validator

from postroom_directory.fields import Input


def no_default(schema: dict[str, Any]) -> None:
    """Take the default out of a JSON schema: leaving a member out of a patch does not set it to null."""
    schema.pop("default", None)


class Patch(Input):
    """Base of bodies of PATCH. Members are optional; those in `never_null` refuse an explicit null.

    Declare such a member as `name: Name | SkipJsonSchema[None] = Field(None, json_schema_extra=no_default)`.
    """

    never_null: ClassVar[frozenset[str]]

    @model_validator(mode="after")
    def _refuse_null(self) -> Self:
        null = sorted(name for name in self.never_null & self.model_fields_set if getattr(self, name) is None)
        if null:
            raise ValueError(f"{', '.join(null)} cannot be null")
        return self

    def changes(self) -> dict[str, Any]:
        """Return the members that were given."""
        return {name: getattr(self, name) for name in self.model_fields_set}
