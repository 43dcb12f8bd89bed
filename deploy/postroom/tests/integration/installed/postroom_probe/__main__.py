"""`python -m postroom_probe serve`."""

from postroom_probe.app import SERVICE
from postroom_shared.command import run

run(SERVICE)
