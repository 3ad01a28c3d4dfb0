"""The pieces a catalogue is made of: parts with their steps, the ways to do a step, and what they take."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

ALWAYS = "ALWAYS"


@dataclass(frozen=True)
class Way:
    """One way to do a step: whole seconds per lot and per piece, (class, places) held, or who does it outside."""

    lot_s: int
    piece_s: int
    holds: tuple[tuple[str, int], ...]
    contractor: str | None = None


@dataclass(frozen=True)
class Step:
    """One step: its ways (the usual one first), setup family, lag after the step before, material per piece.

    `recipe` is what a furnace or booth does with it; a step that `hands_on` passes large lots on in parts.
    """

    name: str
    ways: tuple[Way, ...]
    family: str | None = None
    pausable: bool = True
    lag_h: float = 0
    takes: tuple[tuple[str, float], ...] = ()
    recipe: str | None = None
    hands_on: bool = False


@dataclass(frozen=True)
class Use:
    """A component: how many per piece, and the step (from 0) that takes it."""

    part: Part
    quantity: int
    step: int = 0


@dataclass(frozen=True)
class Part:
    """What an order makes; `bought` is how to get it finished instead."""

    item_id: str
    name: str
    kind: str
    mass_kg: float
    steps: tuple[Step, ...]
    uses: tuple[Use, ...] = ()
    bought: Way | None = None

    def tree(self) -> Iterator[Part]:
        """The part and everything in it, parents first."""
        yield self
        for use in self.uses:
            yield from use.part.tree()


def way(lot_min: float, piece_min: float, *holds: str | tuple[str, int]) -> Way:
    """A way from minutes; a bare class name holds one place."""
    pairs = tuple((hold, 1) if isinstance(hold, str) else hold for hold in holds)
    return Way(round(lot_min) * 60, round(piece_min) * 60, pairs)


def step(name: str, *ways: Way, takes: tuple[tuple[str, float], ...] = (), lag_h: float = 0) -> Step:
    """A step that may pause and needs no setup family."""
    return Step(name, ways, lag_h=lag_h, takes=takes)


def family_step(name: str, family: str, *ways: Way, lag_h: float = 0) -> Step:
    """A step of a setup family."""
    return Step(name, ways, family=family, lag_h=lag_h)


def paint_step(name: str, colour: str, minutes: Way) -> Step:
    """A step in the booth, whose colour is setup family and recipe."""
    return Step(name, (minutes,), family=f"PAINT-{colour}", recipe=f"PAINT-{colour}")


def furnace_step(name: str, recipe: str, *ways: Way, takes: tuple[tuple[str, float], ...] = ()) -> Step:
    """A step that runs through once begun."""
    return Step(name, ways, pausable=False, takes=takes, recipe=recipe)


def outside(hours: float, contractor: str) -> Way:
    """A contractor's lead time, by the clock; the plain model leaves open how much he takes on at once."""
    return Way(round(hours * 60) * 60, 0, (), contractor)


def outside_step(name: str, hours: float, contractor: str) -> Step:
    """A step that a contractor does."""
    return Step(name, (outside(hours, contractor),), pausable=False)
