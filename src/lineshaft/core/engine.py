"""The manifest of an engine and how engines are found."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import entry_points
from typing import Any, Literal

from lineshaft.core.errors import Missing, Words

GROUP = "lineshaft.engines"


@dataclass(frozen=True)
class Engine:
    """What faces, store and tests know of an engine. Parts are "module:object" strings, imported when first used.

    Parameters
    ----------
    name, version, title
        "wing.room", an integer raised when answers may change, and (English, Chinese).
    inputs, outputs
        dataframely collections.
    solve, check
        `solve(book, params, run) -> Result` and `check(book, plan, params) -> Checked`.
    params
        Frozen dataclass of `lineshaft.core.param` fields; none when the engine has no parameters.
    rules
        Rules across tables that must hold before the engine sees them (`lineshaft.tables.rules:RULES`).
    words
        Mapping from reason code to (English, Chinese) templates over the reason's facts.
    prepare, edit
        For engines whose answers people change by hand: `prepare(book, params) -> State` and
        `edit(state, changes, explained=False) -> Result`; `explained` adds the reasons that `solve` would give.
        A result with status "infeasible" says in its reasons why the changes cannot be.
    facts
        Input tables of which `edit` takes rows too, new or changed: what happened, which the plan must respect.
    rank
        `rank(kpis, params) -> sequence of float`: of several results the lowest is the best. Without one they are
        compared by their KPIs in order.
    accept
        Output member → "replace" (whole table, the default) or "upsert" (by primary key).
    example
        "module:function" that returns {input member: frame}: small, for docs, templates and tests.
    views
        Islands that show its result: "lane-board", ….
    sources
        Papers, standards, instances.
    """

    name: str
    version: int
    title: tuple[str, str]
    inputs: str
    outputs: str
    solve: str
    check: str
    params: str = ""
    rules: str = ""
    words: str = ""
    example: str = ""
    prepare: str = ""
    edit: str = ""
    facts: tuple[str, ...] = ()
    rank: str = ""
    accept: Mapping[str, Literal["replace", "upsert"]] = field(default_factory=dict)
    views: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()

    def load(self, part: str) -> Any:
        """Import one part by its field name: "inputs", "outputs", "solve", "params", "rules", …"""
        target = getattr(self, part)
        return _resolve(target) if target else None

    @property
    def words_title(self) -> Words:
        """The title as words."""
        return Words(*self.title)


@cache
def engines() -> dict[str, str]:
    """Name → "module:object" of every installed engine; reads package metadata only, imports no engine."""
    return {entry.name: entry.value for entry in sorted(entry_points(group=GROUP), key=lambda e: e.name)}


def find_engine(name: str) -> Engine:
    """The manifest of one engine.

    Raises
    ------
    Missing
        No engine of that name is installed.
    """
    known = engines()
    if name not in known:
        names = ", ".join(known)
        raise Missing(
            f"There is no engine {name!r}; installed: {names}.", f"没有名为 {name!r} 的功能;已安装:{names}。"
        )
    engine: Engine = _resolve(known[name])
    return engine


def _resolve(target: str) -> Any:
    module, _, attribute = target.partition(":")
    return getattr(importlib.import_module(module), attribute)
