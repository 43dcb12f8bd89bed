"""docs/events/asyncapi.yaml is what integrators read: it must be what the code says."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_committed_asyncapi_document_is_what_the_payload_models_say() -> None:
    check = [sys.executable, str(ROOT / "tools" / "asyncapi.py"), "--check"]

    done = subprocess.run(check, capture_output=True, text=True, check=False)

    assert done.returncode == 0, f"run `python tools/asyncapi.py`:\n{done.stdout}{done.stderr}"
