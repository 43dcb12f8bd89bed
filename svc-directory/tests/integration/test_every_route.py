"""What holds for every route of the service, those to come too."""

from typing import Any

from postroom_shared.principal import Role
from postroom_shared.testkit.every_route import answers_of_every_route
from postroom_shared.testkit.services import somebody


async def test_every_route_asks_who_calls(directory: Any) -> None:
    answers = await answers_of_every_route(directory.service.client, {})

    assert {route: status for route, status in answers.items() if status != 401} == {}


async def test_every_route_asks_for_its_scope(directory: Any) -> None:
    powerless = somebody(Role.OWNER, operator=True, scopes=frozenset())

    answers = await answers_of_every_route(directory.service.client, directory.service.as_person(powerless))

    assert {route: status for route, status in answers.items() if status != 403} == {}
