"""Secrets of one data folder: made at the first start, kept in files that only the launcher's account can read."""

import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from postroom_shared.localservers.accounts import write_private
from postroom_shared.manifest import ServiceManifest

FILE = "suite.json"
TRUSTED_KEYS = "trusted-keys.json"
MASTER_KEYS = "master-keys.json"


def _password() -> str:
    return secrets.token_urlsafe(24)


@dataclass(kw_only=True)
class ServiceSecrets:
    """What one service holds and no other.

    Attributes:
        database_password: Of its role.
        nats_seed: Of its nkey user, `SU…`.
        nats_public_key: `U…`.
        identity_key: Private Ed25519 JWK, as JSON text.
        master_login: Its secret for signing in to mailboxes (`svc-<name>`).
    """

    database_password: str
    nats_seed: str
    nats_public_key: str
    identity_key: str
    master_login: str

    @classmethod
    def new(cls) -> Self:
        """Return fresh ones."""
        from postroom_shared.identity import generate_key  # noqa: PLC0415 - the launcher stays small without joserfc

        seed, public = new_nkey()
        key = json.dumps(generate_key().as_dict(private=True))
        return cls(
            database_password=_password(),
            nats_seed=seed,
            nats_public_key=public,
            identity_key=key,
            master_login=_password(),
        )


def new_nkey() -> tuple[str, str]:
    """Return the seed and the public key of a new NATS user, as `postroom_shared.events.user_keys` makes them.

    That package brings SQLAlchemy along, which the launcher does without.
    """
    import nkeys  # noqa: PLC0415 - as above

    seed = nkeys.encode_seed(secrets.token_bytes(32), nkeys.PREFIX_BYTE_USER)
    pair = nkeys.from_seed(seed)
    return bytes(seed).decode(), bytes(pair.public_key).decode()


@dataclass(kw_only=True)
class SuiteSecrets:
    """All generated secrets.

    Attributes:
        postgres_superuser: Password; roles of services have their own.
        mail_reader: Password of the role that Dovecot reads the views of `mail` with.
        demo_password: Of the demo's sign-ins and mailboxes.
        integrators: Programs of organisations that read events: id, organisation_id, seed, public_key of each.
    """

    folder: Path
    postgres_superuser: str = field(default_factory=_password)
    mail_reader: str = field(default_factory=_password)
    demo_password: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    services: dict[str, ServiceSecrets] = field(default_factory=dict)
    integrators: list[dict[str, str]] = field(default_factory=list)

    @classmethod
    def open(cls, folder: Path, manifests: Iterable[ServiceManifest]) -> Self:
        """Read the secrets of *folder*, make those that are missing, and write all of them back."""
        file = folder / FILE
        stored: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
        services = {name: ServiceSecrets(**each) for name, each in stored.pop("services", {}).items()}
        found = cls(folder=folder, services=services, **stored)
        for manifest in manifests:
            if manifest.name not in found.services:
                found.services[manifest.name] = ServiceSecrets.new()
        found.save()
        return found

    @property
    def trusted_keys_file(self) -> Path:
        """The public keys of all services, by name."""
        return self.folder / TRUSTED_KEYS

    @property
    def master_keys_file(self) -> Path:
        """The keys that wrap each organisation's data key."""
        return self.folder / MASTER_KEYS

    def save(self) -> None:
        """Write the files; each is replaced in one step."""
        known = {name: value for name, value in vars(self).items() if name not in {"folder", "services"}}
        known["services"] = {name: vars(each) for name, each in self.services.items()}
        write_private(self.folder / FILE, json.dumps(known, indent=2), None)
        write_private(self.trusted_keys_file, json.dumps(self._public_keys(), indent=2), None)
        if not self.master_keys_file.exists():
            self._make_master_key()

    def _public_keys(self) -> dict[str, Any]:
        private = {name: json.loads(each.identity_key) for name, each in self.services.items()}
        return {name: {"keys": [{k: v for k, v in key.items() if k != "d"}]} for name, key in private.items()}

    def _make_master_key(self) -> None:
        from postroom_shared.security.sealing import add_master_key  # noqa: PLC0415 - as above

        add_master_key(self.master_keys_file, key_id="k1")
