"""What the checker asks of each place of a resource: one step at a time, and room for the setup between two."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from lineshaft.make.schedule.checks.hours import LaneHours, Place, rows
from lineshaft.make.schedule.checks.steps import Key, Step, clock, named
from lineshaft.make.schedule.tables import ShopBook


class Setups:
    """Setup seconds of a resource from one family to another."""

    def __init__(self, book: ShopBook) -> None:
        self.resources = {row["resource_id"]: row for row in rows(book.resources)}
        self.default_s = {row["family_id"]: row["setup_s"] for row in rows(book.families)}
        self.pair_s = {
            (row["setup_group"], row["from_family_id"], row["to_family_id"]): row["setup_s"]
            for row in rows(book.setups)
        }

    def first_family(self, resource_id: str) -> str | None:
        """The family the resource is set up for at the start."""
        family: str | None = self.resources[resource_id]["family_id"]
        return family

    def needed_s(self, resource_id: str, before: str | None, after: str | None) -> int:
        """No setup without a group, from or to no family, or within a family; else the pair's or the family's."""
        group = self.resources[resource_id]["setup_group"]
        if group is None or before is None or after is None or before == after:
            return 0
        return int(self.pair_s.get((group, before, after), self.default_s[after]))


class Preparation(NamedTuple):
    """A setup that a step needs on one of its places, which is free from `free_s` on; `after` held it before."""

    place: Place
    free_s: int
    needed_s: int
    after: Step | None


def lane_faults(
    steps: dict[Key, Step], hours: LaneHours, setups: Setups, start_s: int
) -> tuple[int, list[str]]:
    """Total setup time, and what is wrong on each place: two steps at once, no room for a setup."""
    queues: dict[Place, list[Step]] = defaultdict(list)
    for step in steps.values():
        for place in step.places:
            queues[place].append(step)
    faults: list[str] = []
    prepared: dict[Key, list[Preparation]] = defaultdict(list)
    total_s = 0
    for place, queue in sorted(queues.items()):
        queue.sort(key=lambda step: (step.start_s, step.end_s, step.key))
        faults += _overlaps(place, queue)
        family, free_s, last = setups.first_family(place[0]), start_s, None
        for step in queue:
            needed_s = setups.needed_s(place[0], family, step.operation["family_id"])
            total_s += needed_s
            if needed_s:
                prepared[step.key].append(Preparation(place, free_s, needed_s, last))
            family, free_s, last = step.operation["family_id"], max(free_s, step.end_s), step
    for step in steps.values():
        faults += _setup_faults(step, prepared[step.key], hours)
    return total_s, faults


def _overlaps(place: Place, queue: list[Step]) -> Iterator[str]:
    busy: Step | None = None
    for step in queue:
        if busy and step.start_s < busy.end_s and not (busy.pin and step.pin):
            yield (
                f"{step.name}: starts {clock(step.start_s)} on {named([place])}, "
                f"where {busy.name} ends {clock(busy.end_s)}"
            )
        if busy is None or step.end_s > busy.end_s:
            busy = step


def _setup_faults(step: Step, prepared: list[Preparation], hours: LaneHours) -> Iterator[str]:
    """A pinned step is prepared as it is, but no other step may take the room its setup needs."""
    for place, free_s, needed_s, after in prepared:
        room_s = hours.of([place]).worked(free_s, step.start_s)
        judged = step.pin is None or (after is not None and after.pin is None)
        if judged and room_s < needed_s:
            yield (
                f"{step.name}: starts {clock(step.start_s)} on {named([place])}, needs {needed_s} s of setup, "
                f"has {room_s} s since {clock(free_s)}"
            )
    if step.pin is not None:
        return
    if not prepared and step.setup_start_s is not None:
        yield f"{step.name}: shows a setup from {clock(step.setup_start_s)}, needs none"
    if prepared and not _covers(step, prepared, hours):
        shown = "no setup" if step.setup_start_s is None else f"a setup from {clock(step.setup_start_s)}"
        wants = ", ".join(f"{needed_s} s on {named([place])}" for place, _, needed_s, _ in prepared)
        yield f"{step.name}: shows {shown} before {clock(step.start_s)}, needs {wants}"


def _covers(step: Step, prepared: list[Preparation], hours: LaneHours) -> bool:
    """The setup shown begins where a place that needs one is free, and is long enough for every place."""
    if step.setup_start_s is None or step.setup_start_s > step.start_s:
        return False
    shown_s = step.setup_start_s
    long_enough = all(hours.of([p.place]).worked(shown_s, step.start_s) >= p.needed_s for p in prepared)
    return long_enough and any(p.free_s <= shown_s for p in prepared)
