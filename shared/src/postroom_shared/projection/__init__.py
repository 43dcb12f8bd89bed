"""The local copy of the directory that a service keeps, so that it decides while svc-directory is away.

Events say *that* something changed (`postroom_shared.contracts.directory`). `events` notes the id, `refresher` fetches
the state from svc-directory and stores it, `repository` answers questions from the copy.
"""

from postroom_shared.projection.repository import (
    address_named,
    attached_addresses,
    find_address,
    find_membership,
    find_organisation,
    find_person,
    has_right,
    mail_server_of,
    mail_service_of_domain,
    memberships_of,
    request_rebuild,
)

__all__ = [
    "address_named",
    "attached_addresses",
    "find_address",
    "find_membership",
    "find_organisation",
    "find_person",
    "has_right",
    "mail_server_of",
    "mail_service_of_domain",
    "memberships_of",
    "request_rebuild",
]
