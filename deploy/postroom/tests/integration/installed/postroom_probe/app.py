"""One route that tells how often it was asked, from the database."""

from typing import Any

from fastapi import APIRouter, Request
from pydantic_settings import SettingsConfigDict
from sqlalchemy import text

from postroom_probe.manifest import MANIFEST
from postroom_shared.service import ServiceDefinition
from postroom_shared.settings import ServiceSettings

router = APIRouter()


class ProbeSettings(ServiceSettings):
    """Nothing of its own."""

    model_config = SettingsConfigDict(env_prefix=MANIFEST.env_prefix)


@router.post("/v1/visits")
async def visit(request: Request) -> dict[str, Any]:
    """Count this visit and return how many there were."""
    async with request.app.state.runtime.sessions() as session, session.begin():
        await session.execute(text("insert into visit default values"))
        return {"visits": await session.scalar(text("select count(*) from visit"))}


SERVICE = ServiceDefinition(
    manifest=MANIFEST,
    settings_type=ProbeSettings,
    title="Probe",
    routers=[router],
)
