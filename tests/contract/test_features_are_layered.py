"""No feature is missing in the contract that holds the way of data inside features."""

import configparser
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_feature_with_a_service_is_in_the_contract() -> None:
    contracts = configparser.ConfigParser()
    contracts.read(ROOT / ".importlinter")
    listed = set(contracts["importlinter:contract:layers"]["containers"].split())

    features = {
        ".".join(file.parent.relative_to(source).parts)
        for source in (*ROOT.glob("gateway/src"), *ROOT.glob("svc-*/src"))
        for file in source.glob("*/**/service.py")
    }

    assert features == listed
