"""The names behind the numbers of a shop, for reasons."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

import numpy as np

from lineshaft.make.schedule.layout.compile import Compiled
from lineshaft.make.schedule.plan import moments
from lineshaft.make.schedule.shop import NEVER_S, Ints


@dataclass(frozen=True)
class Names:
    """Keys of operations, resources of lanes, and times as people and programs write them."""

    compiled: Compiled

    @cached_property
    def keys(self) -> list[tuple[str, int]]:
        """(order_id, op_no) of every operation."""
        return self.compiled.ops.rows()

    @cached_property
    def number(self) -> dict[tuple[str, int], int]:
        """The operation of every (order_id, op_no)."""
        return {key: op for op, key in enumerate(self.keys)}

    @cached_property
    def orders(self) -> list[str]:
        """order_id of every order."""
        return self.compiled.orders["order_id"].to_list()

    @cached_property
    def lane_resource(self) -> list[str]:
        """resource_id of every lane."""
        return self.compiled.lanes["resource_id"].to_list()

    def resources(self, lanes: Iterable[int]) -> str:
        """The resources of some lanes, each once."""
        return ", ".join(dict.fromkeys(self.lane_resource[lane] for lane in lanes)) or "-"

    def clock(self, at_s: int) -> str:
        """A time for people, in UTC; nothing for a time that never comes."""
        return "" if abs(at_s) >= NEVER_S else self.clocks(np.array([at_s]))[0]

    def clocks(self, at_s: Ints) -> list[str]:
        """Times for people, in UTC, to the minute rounded down."""
        return moments(self.compiled, at_s).dt.strftime("%Y-%m-%d %H:%MZ").to_list()

    def iso(self, at_s: int) -> str:
        """A time for programs, in UTC; nothing for a time that never comes."""
        if abs(at_s) >= NEVER_S:
            return ""
        return f"{self.compiled.start + timedelta(seconds=int(at_s)):%Y-%m-%dT%H:%M:%SZ}"
