"""Secrets are made once, closed to others, and never shared between services."""

import json
import stat
from pathlib import Path

from postroom.integrators import integrator_of
from postroom.suite_secrets import SuiteSecrets
from postroom_shared.identity import load_private_key
from postroom_shared.manifest import ServiceManifest
from postroom_shared.security.sealing import Keyring

DIRECTORY = ServiceManifest(name="directory", package="postroom_directory", port_offset=1)
LOGS = ServiceManifest(name="logs", package="postroom_logs", port_offset=3, consumes=("directory",))
ORGANISATION = "0190d0a1-0000-7000-8000-000000000001"


def test_a_second_opening_gives_the_same_secrets(tmp_path: Path):
    first = SuiteSecrets.open(tmp_path, [DIRECTORY])

    assert SuiteSecrets.open(tmp_path, [DIRECTORY]) == first


def test_a_service_installed_later_gets_secrets_and_the_others_keep_theirs(tmp_path: Path):
    before = SuiteSecrets.open(tmp_path, [DIRECTORY]).services["directory"]

    after = SuiteSecrets.open(tmp_path, [DIRECTORY, LOGS]).services

    assert after["directory"] == before
    assert set(vars(after["logs"]).values()).isdisjoint(vars(before).values())


def test_only_the_owner_can_read_the_files(tmp_path: Path):
    SuiteSecrets.open(tmp_path, [DIRECTORY])

    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    assert modes == {"suite.json": 0o600, "trusted-keys.json": 0o600, "master-keys.json": 0o600}


def test_trusted_keys_hold_the_public_halves_only(tmp_path: Path):
    secrets = SuiteSecrets.open(tmp_path, [DIRECTORY, LOGS])

    trusted = json.loads(secrets.trusted_keys_file.read_text())

    key = load_private_key(secrets.services["directory"].identity_key)
    assert trusted["directory"] == {"keys": [key.as_dict(private=False)]}
    assert set(trusted) == {"directory", "logs"}
    assert "d" not in trusted["logs"]["keys"][0]


def test_the_master_keys_are_a_keyring(tmp_path: Path):
    secrets = SuiteSecrets.open(tmp_path, [])

    assert Keyring.from_file(secrets.master_keys_file).current == "k1"


def test_an_organisation_keeps_its_integrator(tmp_path: Path):
    secrets = SuiteSecrets.open(tmp_path, [DIRECTORY])

    made = integrator_of(secrets, ORGANISATION)

    assert integrator_of(SuiteSecrets.open(tmp_path, [DIRECTORY]), ORGANISATION) == made
    assert made["seed"].startswith("SU")
