"""Connections to hosts that users name (rules against SSRF: docs/problems/shared/host-refused.md)."""

from postroom_shared.security.dialling.addresses import IpNetwork
from postroom_shared.security.dialling.budget import DialBudget
from postroom_shared.security.dialling.dialler import CheckedTarget, Dialler
from postroom_shared.security.dialling.errors import HostCertificateError, HostRefusedError, HostUnreachableError
from postroom_shared.security.dialling.resolving import Resolver, system_resolver

__all__ = [
    "CheckedTarget",
    "DialBudget",
    "Dialler",
    "HostCertificateError",
    "HostRefusedError",
    "HostUnreachableError",
    "IpNetwork",
    "Resolver",
    "system_resolver",
]
