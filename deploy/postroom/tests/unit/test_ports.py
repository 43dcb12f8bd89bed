"""No two parts of the suite share a port, whatever is installed."""

from postroom.ports import SPAN, Ports
from postroom_shared.manifest import ServiceManifest


def test_twenty_services_with_two_workers_each_have_ports_of_their_own():
    manifests = [
        ServiceManifest(name=f"s{number}", package="p", port_offset=number, workers=("work", "submission"))
        for number in range(20)
    ]

    table = Ports(8125).of(manifests)

    assert len(set(table.values())) == len(table) == 20 * 3 + 3 + 4 + 1
    assert min(table.values()) == table["s0"] == 8125
    assert max(table.values()) < 8125 + SPAN
