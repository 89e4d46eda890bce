"""Where boundary events sit on their hosts, and how wide a host has to be for that."""

from __future__ import annotations

from collections.abc import Mapping

from app.engine.drawing.text import lines

TASK = (100, 80)
PITCH = 80  # between boundary events of one host
FIRST_PORT = 25  # of a boundary event from its host's left edge
WIDEST = 160  # pixels that a task grows to for its name
PADDING, NAME_SIZE = 7, 12  # of names inside shapes, as bpmn-js draws them
MARGIN = 12  # an arrow's least distance from the corner of a task


def activity_width(name: str, events: int) -> int:
    """Return how wide an activity is whose name takes two lines and whose boundary events leave its marker free."""
    least = TASK[0] if events < 2 else PITCH * events + (20 if events % 2 else 0)
    widths = range(least, max(least, WIDEST) + 1, 20)
    return next((wide for wide in widths if len(lines(name, wide - 2 * PADDING, NAME_SIZE)) <= 2), widths[-1])


def boundary_ports(hosts: Mapping[str, str], targets: Mapping[str, tuple[int, int]],
                   cells: Mapping[str, tuple[int, int]], widths: Mapping[str, int]) -> dict[str, int]:
    """Return each boundary event's distance from the middle of its host, in pixels.

    `hosts` has the host of each event, `widths` the width of each host, `targets` the cell that each event leads to,
    `cells` that of each free-standing node. What leads back sits left, the least deep first, then what leads on, the
    deepest first: so the flows lie in each other and do not cross.
    """

    def place(event: str) -> tuple[int, int]:
        across, down = targets.get(event, (0, 0))
        return (0, down) if across < cells[hosts[event]][0] else (1, -down)

    ports = {}
    for host in dict.fromkeys(hosts.values()):
        events = [event for event, owner in hosts.items() if owner == host]
        events.sort(key=place)
        half = widths[host] // 2
        ports.update({event: FIRST_PORT + PITCH * at - half for at, event in enumerate(events)})
    return ports
