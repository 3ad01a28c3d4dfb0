"""What follows what, and whether a plan minds it: the order of work, lags, transfer lots, bays."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

from lineshaft.make.schedule.checks.hours import rows, to_s_up
from lineshaft.make.schedule.checks.loads import Loads
from lineshaft.make.schedule.checks.steps import Key, Step, clock
from lineshaft.make.schedule.tables import ShopBook


class Link(NamedTuple):
    """A step and one it follows. Kinds beside those of dependencies: "next" by step number, "part" for an assembly."""

    after: Key
    before: Key
    kind: str
    lag_s: int = 0
    lag_max_s: int | None = None


def work_links(book: ShopBook, steps: Collection[Key]) -> Iterator[Link]:
    """Every rule of order among the steps planned; what names an absent step does not hold."""
    told = set()
    for row in rows(book.dependencies):
        after, before = (row["order_id"], row["op_no"]), (row["after_order_id"], row["after_op_no"])
        if after in steps and before in steps:
            if after[0] == before[0]:
                told.add(after)
            yield Link(after, before, row["kind"], row["lag_s"], row["lag_max_s"])
    for before, after in zip(sorted(steps), sorted(steps)[1:]):
        if before[0] == after[0] and after not in told:
            yield Link(after, before, "next")
    parents = {
        row["order_id"]: (row["parent_order_id"], row["parent_op_no"]) for row in rows(book.work_orders)
    }
    for key in steps:
        if parents[key[0]] in steps:
            yield Link(parents[key[0]], key, "part")


def order_of_work_faults(book: ShopBook, steps: dict[Key, Step], loads: Loads) -> Iterator[str]:
    """Releases, earliest starts, the order of steps, dependencies with their lags, and orders made for others."""
    release_s = {row["order_id"]: to_s_up(row["release"]) for row in rows(book.work_orders)}
    for step in steps.values():
        if step.pin is None:
            earliest = step.operation["earliest"]
            if step.start_s < release_s[step.key[0]]:
                yield f"{step.name}: starts {clock(step.start_s)}, released {clock(release_s[step.key[0]])}"
            if earliest and step.start_s < to_s_up(earliest):
                yield f"{step.name}: starts {clock(step.start_s)}, not before {clock(to_s_up(earliest))}"
    links = list(work_links(book, steps))
    followed = {link.before for link in links if link.before[0] == link.after[0]}
    for link in links:
        one, other = steps[link.before], steps[link.after]
        if other.pin is not None:
            continue
        if link.kind == "next" and one.operation["transfer_quantity"]:
            yield from _transfer_faults(one, other, loads)
        else:
            yield from _lag_faults(link, one, other)
        if link.kind != "part" or link.before not in followed:
            yield from _bay_faults(one, other)


def _lag_faults(link: Link, one: Step, other: Step) -> Iterator[str]:
    since_s, verb = (one.start_s, "starts") if link.kind == "start_start" else (one.end_s, "ends")
    at_s, does = (other.end_s, "ends") if link.kind == "end_end" else (other.start_s, "starts")
    lag = f" and a lag of {link.lag_s} s" if link.lag_s else ""
    if at_s < since_s + link.lag_s:
        yield f"{other.name}: {does} {clock(at_s)}, but {one.name} {verb} {clock(since_s)}{lag}"
    if link.lag_max_s is not None and at_s > since_s + link.lag_max_s:
        latest = f"must follow within {link.lag_max_s} s"
        yield f"{other.name}: {does} {clock(at_s)}, but {one.name} {verb} {clock(since_s)} and it {latest}"


def _transfer_faults(one: Step, other: Step, loads: Loads) -> Iterator[str]:
    """The next step starts with the first lot at the earliest, and has the last lot left when that comes."""
    from_s, need_s = one.first_lot()
    worked_s = loads.hours_of(one).worked(from_s, other.start_s)
    if other.start_s < min(from_s, one.end_s) or (worked_s < need_s and other.start_s < one.end_s):
        yield (
            f"{other.name}: starts {clock(other.start_s)}, but the first lot of {one.name} takes {need_s} s "
            f"of work from {clock(from_s)}"
        )
    last_s = other.pieces_s(one.operation["transfer_quantity"])
    if other.end_s < one.end_s + last_s:
        yield f"{other.name}: ends {clock(other.end_s)}, less than {last_s} s after {one.name} ends {clock(one.end_s)}"


def _bay_faults(one: Step, other: Step) -> Iterator[str]:
    """Where a transport takes part, the work begins where it was left; steps that are nowhere are everywhere."""
    if one.mode["to_bay_id"] is None and other.mode["from_bay_id"] is None:
        return
    left, begins = bay_after(one), bay_before(other)
    if None not in (left, begins) and left != begins:
        yield f"{other.name}: begins in bay {begins}, but {one.name} leaves the work in bay {left}"


def bay_before(step: Step) -> str | None:
    """The bay where the work must be when a step begins."""
    return step.mode["from_bay_id"] or step.bay_id


def bay_after(step: Step) -> str | None:
    """The bay where a step leaves the work."""
    return step.mode["to_bay_id"] or step.bay_id
