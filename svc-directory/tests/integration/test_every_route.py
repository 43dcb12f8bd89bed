"""What holds for every route of the service, those to come too."""

from typing import Any

from postroom_shared.testkit.every_route import routes_open_to_anybody, routes_open_without_scope


async def test_every_route_asks_who_calls(directory: Any) -> None:
    assert await routes_open_to_anybody(directory.service) == {}


async def test_every_route_asks_for_its_scope(directory: Any) -> None:
    assert await routes_open_without_scope(directory.service) == {}
