"""What the checker asks of each place of a resource: one load at a time, and room for the setup between two."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

from lineshaft.make.schedule.checks.hours import LaneHours, Place, rows
from lineshaft.make.schedule.checks.loads import Load, Loads
from lineshaft.make.schedule.checks.steps import Key, Step, clock, named
from lineshaft.make.schedule.tables import ShopBook

Families = set[str | None]


class Setups:
    """Setups of a resource from one family to another: how long, at what cost, whether at all."""

    def __init__(self, book: ShopBook) -> None:
        self.resources = {row["resource_id"]: row for row in rows(book.resources)}
        self.default_s = {row["family_id"]: row["setup_s"] for row in rows(book.families)}
        self.pairs = {
            (row["setup_group"], row["from_family_id"], row["to_family_id"]): row for row in rows(book.setups)
        }

    def first_family(self, resource_id: str) -> str | None:
        """The family the resource is set up for at the start."""
        family: str | None = self.resources[resource_id]["family_id"]
        return family

    def needed(self, resource_id: str, before: Families, after: Families) -> tuple[int, int, bool]:
        """(seconds, fen, forbidden) of a change between loads, each the worst from any family to any."""
        changes = [self._change(resource_id, one, other) for one, other in product(before, after)]
        seconds, fen, forbidden = zip(*changes)
        return max(seconds), max(fen), any(forbidden)

    def _change(self, resource_id: str, before: str | None, after: str | None) -> tuple[int, int, bool]:
        """No setup without a group, from or to no family, or within a family; else the pair's or the family's."""
        group = self.resources[resource_id]["setup_group"]
        if group is None or before is None or after is None or before == after:
            return 0, 0, False
        pair = self.pairs.get((group, before, after))
        if pair is None:
            return self.default_s[after], 0, False
        return pair["setup_s"], pair["cost_fen"] or 0, bool(pair["forbidden"])


class Preparation(NamedTuple):
    """A setup that a load needs on a place, which is free from `free_s` on; `after` held it before."""

    place: Place
    load: Load
    free_s: int
    needed_s: int
    after: Load


def lane_faults(
    steps: dict[Key, Step], loads: Loads, setups: Setups, start_s: int
) -> tuple[int, int, list[str]]:
    """Total setup time and cost, and what is wrong on each place: two loads at once, no room for a setup."""
    faults: list[str] = []
    prepared: dict[Key, list[Preparation]] = defaultdict(list)
    total_s = total_fen = 0
    for place, queue in loads.queues.items():
        faults += _overlaps(place, queue)
        families: Families = {setups.first_family(place[0])}
        free_s, last = start_s, Load()
        for load in queue:
            after = {step.operation["family_id"] for step in load}
            needed_s, needed_fen, forbidden = setups.needed(place[0], families, after)
            total_s, total_fen = total_s + needed_s, total_fen + needed_fen
            if forbidden and not all(step.pin for step in load + last):
                faults.append(_forbidden(place, families, load, after))
            for step in load if needed_s else ():
                prepared[step.key].append(Preparation(place, load, free_s, needed_s, last))
            families, free_s, last = after, max(free_s, load[0].end_s), load
    for step in steps.values():
        faults += _setup_faults(step, prepared[step.key], loads.hours)
    return total_s, total_fen, faults


def _forbidden(place: Place, before: Families, load: Load, after: Families) -> str:
    change = " to ".join("/".join(sorted(str(one) for one in some)) for some in (before, after))
    return f"{load[0].name}: changes {named([place])} from {change}, which is forbidden there"


def _overlaps(place: Place, queue: list[Load]) -> Iterator[str]:
    busy: Load = []
    for load in queue:
        pinned = all(step.pin for step in busy + load)
        if busy and load[0].start_s < busy[0].end_s and not pinned:
            yield (
                f"{load[0].name}: starts {clock(load[0].start_s)} on {named([place])}, "
                f"where {busy[0].name} ends {clock(busy[0].end_s)}"
            )
        if not busy or load[0].end_s > busy[0].end_s:
            busy = load


def _setup_faults(step: Step, prepared: list[Preparation], hours: LaneHours) -> Iterator[str]:
    """A pinned step is prepared as it is, but no other step may take the room its setup needs."""
    for place, _, free_s, needed_s, after in prepared:
        room_s = hours.of([place]).worked(free_s, step.start_s)
        judged = step.pin is None or any(one.pin is None for one in after)
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
        wants = ", ".join(f"{one.needed_s} s on {named([one.place])}" for one in prepared)
        yield f"{step.name}: shows {shown} before {clock(step.start_s)}, needs {wants}"


def _covers(step: Step, prepared: list[Preparation], hours: LaneHours) -> bool:
    """The setup shown begins where a place that needs one is free, and is long enough for every place.

    One of a load may show the setup for all.
    """
    shown_s = step.setup_start_s
    if shown_s is None:
        return all(
            any(mate.pin or mate.setup_start_s for mate in p.load if mate is not step) for p in prepared
        )
    long_enough = all(hours.of([p.place]).worked(shown_s, step.start_s) >= p.needed_s for p in prepared)
    return shown_s <= step.start_s and long_enough and any(p.free_s <= shown_s for p in prepared)
