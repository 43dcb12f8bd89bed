"""Composition root: the only module that knows all the parts of svc-directory."""

from fastapi import APIRouter

from postroom_directory.manifest import MANIFEST
from postroom_directory.settings import DirectorySettings
from postroom_shared.service import ServiceDefinition

ROUTERS: tuple[APIRouter, ...] = (
    # people: organisations, people, memberships, grants, sign_ins, projection_feed
    # mail: mail_servers, mail_services, addresses, aliases, redirections, delegations, application_passwords, dkim_keys
)

SERVICE = ServiceDefinition(
    manifest=MANIFEST,
    settings_type=DirectorySettings,
    title="Postroom directory",
    routers=ROUTERS,
)
