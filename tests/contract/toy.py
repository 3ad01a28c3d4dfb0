"""A whole engine in one small file: cut pieces from as few bars as possible (first fit in random orders)."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

import dataframely as dy
import polars as pl

from lineshaft.core import (
    BadInput,
    Change,
    Checked,
    Engine,
    Fault,
    Kpi,
    Reason,
    Refused,
    Result,
    Run,
    Words,
    param,
)
from lineshaft.tables.columns import ident, whole


class Piece(dy.Schema):
    """A piece to cut."""

    title = ("Pieces to cut", "待切工件")
    piece_id = ident("piece", "工件", key=True)
    length_mm = whole("length", "长度", "mm", min=1, max=12_000)
    beside_piece_id = ident("cut from the same bar as", "同料工件", ref="piece.piece_id", optional=True)


class Cut(dy.Schema):
    """Which bar a piece is cut from."""

    title = ("Cuts", "切割方案")
    piece_id = ident("piece", "工件", key=True, ref="piece.piece_id")
    bar_no = whole("bar, from 1", "棒料号", "1", min=1)


class CutBook(dy.Collection):
    """What is to be cut, and how it would be by the plan in force."""

    pieces: dy.DataFrame[Piece]
    previous: dy.DataFrame[Cut] | None


class CutPlan(dy.Collection):
    """What is cut from what."""

    cuts: dy.DataFrame[Cut]


@dataclass(frozen=True)
class CutParams:
    """The stock that pieces are cut from."""

    bar_mm: int = param(12_000, "length of a bar", "棒料长度", unit="mm", min=12_000, max=99_999)


ENGINE = Engine(
    name="toy.cutting",
    version=1,
    title=("Bar cutting (toy)", "棒料下料(示例)"),
    inputs="contract.toy:CutBook",
    outputs="contract.toy:CutPlan",
    solve="contract.toy:solve",
    check="contract.toy:check",
    params="contract.toy:CutParams",
    words="contract.toy:WORDS",
    example="contract.toy:example",
    prepare="contract.toy:prepare",
    edit="contract.toy:edit",
    sources=("doi:10.1137/0203025 (Johnson and others 1974, first fit)",),
)
WORDS = {
    "opens_bar": ("Piece {piece} opens bar {bar}.", "工件 {piece} 启用第 {bar} 根棒料。"),
    "edit_too_long": (
        "Bar {bar} is {over_mm} mm too short for {piece}.",
        "第 {bar} 根棒料不够切 {piece},差 {over_mm} mm。",
    ),
}


def example() -> dict[str, pl.DataFrame]:
    """Five pieces that fit on two bars."""
    lengths = {"A": 7_000, "B": 5_000, "C": 4_000, "D": 4_000, "E": 4_000}
    beside = [None, None, None, "C", None]
    return {
        "pieces": pl.DataFrame(
            {"piece_id": [*lengths], "length_mm": [*lengths.values()], "beside_piece_id": beside}
        )
    }


def solve(book: CutBook, params: CutParams, run: Run) -> Result[CutPlan]:
    """First fit in one random order after another; stops when no better answer can exist."""
    lengths = dict(book.pieces.select("piece_id", "length_mm").iter_rows())
    bound, rng, best, work = (
        math.ceil(sum(lengths.values()) / params.bar_mm),
        random.Random(run.seed),
        None,
        0,
    )
    while True:
        found = first_fit(lengths, params.bar_mm, rng)
        work += 1
        if best is None or len(set(found.values())) < len(set(best.values())):
            best = found
            run.offer(answer(best, bound, work, "done"))
        run.progress(work / (run.work_limit or 100), "cutting", "下料")
        for stopped_by, stops in (
            ("done", len(set(best.values())) == bound),
            ("work", run.work_limit is not None and work >= run.work_limit),
            ("time", run.out_of_time()),
            ("cancel", run.cancelled()),
        ):
            if stops:
                return answer(best, bound, work, stopped_by)


def first_fit(lengths: dict[str, int], bar_mm: int, rng: random.Random) -> dict[str, int]:
    """Each piece on the first bar with room, in a random order."""
    left: list[int] = []
    bar_of = {}
    for piece in rng.sample(sorted(lengths), len(lengths)):
        bar = next((n for n, room in enumerate(left) if room >= lengths[piece]), len(left))
        left += [bar_mm] * (bar == len(left))
        left[bar] -= lengths[piece]
        bar_of[piece] = bar + 1
    return bar_of


def answer(bar_of: dict[str, int], bound: int | None, work: int, stopped_by: str) -> Result[CutPlan]:
    """The plan, how many bars it takes, and why each was opened."""
    bars = len(set(bar_of.values()))
    first = {bar: piece for piece, bar in sorted(bar_of.items(), reverse=True)}
    return Result(
        tables=CutPlan.cast({"cuts": pl.LazyFrame([*bar_of.items()], ["piece_id", "bar_no"], orient="row")}),
        kpis=(Kpi("bars", bars, "bar", better="low", bound=bound),),
        status="optimal" if bars == bound else "feasible",
        reasons=tuple(
            Reason("cuts", (first[n],), "opens_bar", {"piece": first[n], "bar": n}) for n in sorted(first)
        ),
        work=work,
        stopped_by=stopped_by,
    )


def prepare(book: CutBook, params: CutParams) -> tuple[dict[str, int], dict[str, int], int]:
    """Lengths and bars of the pieces, length of a bar."""
    lengths = dict(book.pieces.select("piece_id", "length_mm").iter_rows())
    bar_of = {} if book.previous is None else dict(book.previous.iter_rows())
    if bar_of.keys() != lengths.keys():
        raise Refused("Not every piece is in the plan.", "并非所有工件都在方案中。")
    return lengths, bar_of, params.bar_mm


def edit(
    state: tuple[dict[str, int], dict[str, int], int], changes: Sequence[Change], explained: bool = False
) -> Result[CutPlan]:
    """Pieces go to other bars; a bar that would be too short says so."""
    lengths, given, bar_mm = state
    bar_of = dict(given)
    for change in changes:
        piece, bar = change.key[0], change.values.get("bar_no")
        if piece not in given or set(change.values) != {"bar_no"} or bar is None or bar < 1:
            words = Words("this cannot be changed", "不可修改")
            raise BadInput([Fault(change.table, change.key, "bar_no", bar, "unknown_row", words)])
        bar_of[piece] = bar
        over_mm = sum(lengths[other] for other in bar_of if bar_of[other] == bar) - bar_mm
        if over_mm > 0:
            facts = {"piece": piece, "bar": bar, "over_mm": over_mm}
            reason = Reason("cuts", change.key, "edit_too_long", facts)
            return replace(answer(given, None, 0, "done"), status="infeasible", reasons=(reason,))
    return answer(bar_of, None, 0, "done")


def check(book: CutBook, plan: CutPlan, params: CutParams) -> Checked:
    """Every piece once, no bar longer than it is."""
    joined = book.pieces.join(plan.cuts, on="piece_id", how="full", coalesce=True)
    lost = joined.filter(pl.col("bar_no").is_null() | pl.col("length_mm").is_null())["piece_id"]
    used = joined.group_by("bar_no").agg(pl.col("length_mm").sum())
    over = used.filter(pl.col("length_mm") > params.bar_mm)["bar_no"]
    return Checked(
        (*(f"{piece}: not cut once" for piece in lost), *(f"bar {bar}: too short" for bar in over)),
        {"bars": plan.cuts["bar_no"].n_unique()},
    )
