"""The islands: custom elements that show a result, by the name that an engine's `views` gives.

A new island is one entry here, its script `static/NAME.js` and its style `static/NAME.css`. The element takes `data`
by property; where it offers edits it asks through an async property `ask` and fires `NAME-propose`, `NAME-open`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from lineshaft.core import Engine, Reason, Words
from lineshaft.faces.web.fronts import front_data
from lineshaft.faces.web.lanes import changed_bars, lane_data, why_by_order

Frames = Mapping[str, pl.DataFrame | None]


@dataclass(frozen=True)
class Island:
    """One kind of picture.

    Parameters
    ----------
    icon, words
        How the rail shows its page.
    data
        `(engine, book, plan, reasons, zone) -> JSON` from input and output members.
    changed
        `(book, before, after) -> list`: what of the picture an edit changes; none where nothing can be edited.
    page
        Whether it has a page of its own, beside that of a run.
    """

    icon: str
    words: Words
    data: Callable[[Engine, Frames, Frames, Sequence[Reason], str], dict[str, Any]]
    changed: Callable[[Frames, Frames, Frames], list[Any]] | None = None
    page: bool = True


def _lane_board(
    engine: Engine, book: Frames, plan: Frames, reasons: Sequence[Reason], zone: str
) -> dict[str, Any]:
    return lane_data(book, plan, zone, why=why_by_order(engine, reasons))


def _front_chart(_engine: Engine, _book: Frames, plan: Frames, *_: object) -> dict[str, Any]:
    return front_data(plan)


ISLANDS = {
    "lane-board": Island("board", Words("Board", "看板"), _lane_board, changed_bars),
    "front-chart": Island("runs", Words("Front", "方案前沿"), _front_chart, page=False),
}


def boards_of(engines: Sequence[Engine]) -> list[tuple[Engine, Island]]:
    """The boards with a page of their own: where several engines show the same tables, that of the one to edit by hand."""
    shown = [(engine, view) for engine in engines for view in islands_of(engine) if ISLANDS[view].page]
    edited = {(engine.inputs, view) for engine, view in shown if engine.edit}
    return [
        (engine, ISLANDS[view])
        for engine, view in shown
        if engine.edit or (engine.inputs, view) not in edited
    ]


def islands_of(engine: Engine) -> list[str]:
    """Names of the islands that an engine's results can be shown on."""
    return [view for view in engine.views if view in ISLANDS]
