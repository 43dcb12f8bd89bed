"""Who calls the routes about addresses: people who act in an organisation."""

from typing import Annotated

from fastapi import Depends

from postroom_shared.http.identity import person
from postroom_shared.principal import PersonPrincipal, Scope

AddressReader = Annotated[PersonPrincipal, Depends(person(Scope.DIRECTORY_READ))]
"""A person who reads; repositories decide what they see."""

AddressChanger = Annotated[PersonPrincipal, Depends(person(Scope.DIRECTORY_MANAGE))]
"""A person who changes something; services decide whether they may."""
