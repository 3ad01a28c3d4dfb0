"""Loads of batch machines: steps that are on one place from the same start to the same end."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import combinations
from typing import Any

from lineshaft.make.schedule.checks.hours import Hours, LaneHours, Place, rows
from lineshaft.make.schedule.checks.steps import Key, Step, named
from lineshaft.make.schedule.tables import ShopBook

EPS = 1e-6
Load = list[Step]


class Loads:
    """What stands on each place one after the other, and with whom each step shares its time."""

    def __init__(self, book: ShopBook, steps: dict[Key, Step], hours: LaneHours) -> None:
        self.hours = hours
        self.load_max = {
            row["resource_id"]: row["load_max"] for row in rows(book.resources) if row["load_max"] is not None
        }
        self.mix_group = {row["recipe_id"]: row["mix_group"] for row in rows(book.recipes)}
        held: dict[Place, list[Step]] = defaultdict(list)
        for step in steps.values():
            for place in dict.fromkeys(step.places):
                held[place].append(step)
        self.queues = {place: self._queue(place, some) for place, some in sorted(held.items())}
        self.mates = {key: self._all_mates(step) for key, step in steps.items()}

    def _queue(self, place: Place, some: list[Step]) -> list[Load]:
        """Loads of a place in order of time; what takes no time shares with nobody, nor does anything elsewhere."""
        queue: list[Load] = []
        for step in sorted(some, key=lambda step: (step.start_s, step.end_s, step.key)):
            span = (step.start_s, step.end_s)
            shares = place[0] in self.load_max and step.end_s > step.start_s
            if shares and queue and (queue[-1][0].start_s, queue[-1][0].end_s) == span:
                queue[-1].append(step)
            else:
                queue.append([step])
        return queue

    def _all_mates(self, step: Step) -> Load:
        """The step and all it shares a load with, and all those share one with on their other places."""
        found, new = {step.key: step}, [step]
        while new:
            one = new.pop()
            for place in one.places:
                load = (
                    next(load for load in self.queues[place] if one in load) if self._batches(place) else []
                )
                new += [mate for mate in load if mate.key not in found]
                found |= {mate.key: mate for mate in load}
        return list(found.values())

    def _batches(self, place: Place) -> bool:
        return place[0] in self.load_max

    def hours_of(self, step: Step) -> Hours:
        """Working time of a step: when everything works that it and its mates hold."""
        return self.hours.of(place for mate in self.mates[step.key] for place in mate.places)

    def need_s(self, step: Step) -> int:
        """Working seconds of a step's load: those of its longest member; what is pinned takes what it takes."""
        shared = self.hours_of(step)
        return max(
            shared.worked(mate.start_s, mate.end_s) if mate.pin and mate is not step else mate.need_s
            for mate in self.mates[step.key]
        )

    def mix(self, one: Step, other: Step) -> bool:
        """Whether two steps may share a load: the same recipe, or recipes of one mix group."""
        recipes = (one.operation["recipe_id"], other.operation["recipe_id"])
        if None in recipes:
            return False
        groups = [self.mix_group[recipe] for recipe in recipes]
        return recipes[0] == recipes[1] or (groups[0] is not None and groups[0] == groups[1])

    def faults(self) -> Iterator[str]:
        """Recipes that do not mix, and loads beyond what the machine takes."""
        for place, queue in self.queues.items():
            for load in queue if self._batches(place) else []:
                for one, other in combinations(load, 2):
                    if not (one.pin and other.pin) and not self.mix(one, other):
                        what = f"{one.operation['recipe_id']} and {other.operation['recipe_id']}"
                        yield f"{other.name}: shares {named([place])} with {one.name}, but {what} do not mix"
                total, most = sum(load_of(step.operation) for step in load), self.load_max[place[0]]
                if total > most * (1 + EPS) + EPS and not all(step.pin for step in load):
                    who = ", ".join(step.name for step in load)
                    yield f"{who}: load of {total:g} on {named([place])}, which takes {most:g}"


def load_of(operation: dict[str, Any]) -> float:
    """What a step puts on a batch machine; nothing where nothing is said."""
    return float(operation["load"] or 0.0)
