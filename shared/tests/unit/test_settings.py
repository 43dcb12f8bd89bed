from pathlib import Path

import pytest
from pydantic import ValidationError
from pydantic_settings import SettingsConfigDict

from postroom_shared.settings import ServiceSettings, settings_table


class SampleSettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="POSTROOM_SAMPLE_")


def sample(**changes: object) -> SampleSettings:
    values: dict[str, object] = {
        "port": 8000,
        "database_url": "postgresql://import:s3cr3t-and-long@127.0.0.1/postroom",
        "identity_key": "{}",
        "trusted_keys_file": Path("trusted.json"),
        "master_keys_file": Path("master.json"),
    }
    return SampleSettings.model_validate(values | changes)


@pytest.mark.parametrize("password", ["", ":postgres", ":changeme", ":postroom"])
def test_production_does_not_start_with_a_well_known_password(password: str):
    with pytest.raises(ValidationError, match="well-known"):
        sample(environment="production", database_url=f"postgresql://import{password}@127.0.0.1/postroom")


def test_development_does():
    assert sample(environment="development", database_url="postgresql://x:postgres@127.0.0.1/p").port == 8000


def test_no_secret_is_shown():
    assert "s3cr3t" not in repr(sample())


def test_the_table_names_every_variable_with_its_meaning():
    lines = list(settings_table(SampleSettings))

    assert any(line.startswith("| `POSTROOM_SAMPLE_DATABASE_URL` | required |") for line in lines)
    assert all(line.count("|") >= 4 and not line.endswith("|  |") for line in lines)
