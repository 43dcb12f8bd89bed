import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

from postroom_shared.testkit import TestDatabase
from postroom_shared.testkit.services import TestIdentity


async def bootstrap(database: TestDatabase, identity: TestIdentity, *arguments: str) -> tuple[int, str, str]:
    return await command(database, identity, "bootstrap", *arguments)


async def command(database: TestDatabase, identity: TestIdentity, *words: str) -> tuple[int, str, str]:
    settings = {
        "PORT": "1",
        "DATABASE_URL": database.dsn("directory"),
        "IDENTITY_KEY": json.dumps(identity.keys["directory"].as_dict(private=True)),
        "TRUSTED_KEYS_FILE": str(identity.trusted_keys_file),
        "MASTER_KEYS_FILE": str(identity.master_keys_file),
        "PUBLIC_URL": "https://mail.example.com",
    }
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).parent / "postroom-directory"),
        *words,
        env=os.environ | {f"POSTROOM_DIRECTORY_{name}": value for name, value in settings.items()},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


ARGUMENTS = ("--organisation", "Example SA", "--owner-email", "owner@example.com")


async def test_bootstrap_makes_the_first_operator_and_organisation_once(
    database: TestDatabase, identity: TestIdentity, fresh_directory: Any
) -> None:
    arguments = (*ARGUMENTS, "--operator-email", "root@example.com")

    status, out, err = await bootstrap(database, identity, *arguments, "--json")
    again = await bootstrap(database, identity, *arguments)

    links = json.loads(out)
    assert (status, err) == (0, "")
    assert set(links) == {"owner@example.com", "root@example.com"}
    assert links["root@example.com"]["url"].startswith("https://mail.example.com/set-password#")
    assert again == (1, "", "This installation has an operator already; nothing was changed.\n")
    for email, link in links.items():
        assert (await fresh_directory.set_password(link["token"])).status_code == 204
        signed_in = (await fresh_directory.sign_in(email)).json()
        assert signed_in["operator"] is (email == "root@example.com")
        assert [each["role"] for each in signed_in["memberships"]] == ["owner"] * (email == "owner@example.com")


async def test_operator_and_owner_may_be_one_person(
    database: TestDatabase, identity: TestIdentity, fresh_directory: Any
) -> None:
    status, out, _ = await bootstrap(database, identity, *ARGUMENTS, "--operator-email", "Owner@example.com")

    assert status == 0
    assert out.count("https://mail.example.com/set-password#") == 1
    token = out.strip().rpartition("#")[2]
    assert (await fresh_directory.set_password(token)).status_code == 204
    signed_in = (await fresh_directory.sign_in("owner@example.com")).json()
    assert (signed_in["operator"], len(signed_in["memberships"])) == (True, 1)


async def test_nonsense_on_the_command_line_is_named(database: TestDatabase, identity: TestIdentity) -> None:
    for arguments in (
        (*ARGUMENTS, "--operator-email", "nobody"),
        (*ARGUMENTS, "--operator-email", "root@example.com", "--time-zone", "Nowhere"),
        ARGUMENTS,
    ):
        status, _, err = await bootstrap(database, identity, *arguments)
        assert status == 2
        assert "usage:" in err


async def test_a_person_who_cannot_sign_in_any_more_gets_a_link_from_the_command_line(
    database: TestDatabase, identity: TestIdentity, fresh_directory: Any
) -> None:
    await bootstrap(database, identity, *ARGUMENTS, "--operator-email", "root@example.com")

    status, out, err = await command(database, identity, "password-link", "--email", "Root@example.com", "--json")
    unknown = await command(database, identity, "password-link", "--email", "nobody@example.com")
    nonsense = await command(database, identity, "password-link", "--email", "nobody")

    assert (status, err) == (0, "")
    assert (await fresh_directory.set_password(json.loads(out)["token"])).status_code == 204
    assert (await fresh_directory.sign_in("root@example.com")).json()["operator"] is True
    assert unknown == nonsense == (1, "", "Nobody has this e-mail here; nothing was changed.\n")
