"""The vault of this process, for routes that seal or open secrets."""

from typing import Annotated

from fastapi import Depends, Request

from postroom_shared.security.sealing import Vault


def _vault(request: Request) -> Vault:
    vault: Vault = request.app.state.runtime.vault
    return vault


OpenVault = Annotated[Vault, Depends(_vault)]
"""Seals and opens secrets."""
