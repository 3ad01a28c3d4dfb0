"""`lineshaft run ENGINE WORKS --seeds 1-8 --scenario FILE.json`: many runs at once, in one table."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

from lineshaft.core import BadInput, Engine, Fault, Missing, Refused, Words
from lineshaft.faces.cli.render import ProgressLine, kpi_json, out, print_json, say
from lineshaft.faces.saying import STATUS, STOPPED, amount, kpi_name, reader_language
from lineshaft.store import portfolio
from lineshaft.store.executors import executor
from lineshaft.store.overlay import Cell
from lineshaft.store.records import RunRecord
from lineshaft.store.works import Works

SEEDS_MOST = 1_000
CELL = {"table", "key", "column", "value"}
AS_IT_IS = Words("as it is", "现状")
ENDED = {"cancelled": STOPPED["cancel"], "failed": Words("failed", "失败")}


@dataclass(frozen=True)
class Line:
    """One run of a portfolio as a person sees it."""

    member: portfolio.Member
    record: RunRecord
    best: bool


def run_many(
    works: Works,
    place: str | None,
    engine: Engine,
    params: Mapping[str, Any],
    limits: Mapping[str, Any],
    seeds: str,
    scenarios: Sequence[Path],
    where: str,
    by: str,
    as_json: bool,
) -> None:
    """Run them all and print one table; `place` is where the best can be accepted, None when nowhere."""
    if seeds and "seed" in limits:
        raise Refused("Give --seed or --seeds, not both.", "--seed 与 --seeds 只能二选一。")
    chosen = parse_seeds(seeds or str(limits.get("seed", 1)))
    cells = read_scenarios(scenarios)
    language = reader_language()
    with executor(where) as nodes, ProgressLine(language, quiet=as_json) as line:
        done = portfolio.propose(works, engine, params, limits, chosen, cells, by, nodes, line.tell)
    bests = {portfolio.best(works, done, scenario) for scenario in done.scenarios}
    lines = [Line(member, works.run(member.run), member.run in bests) for member in done.members]
    best = portfolio.best(works, done)
    if as_json:
        print_json(_json(done, lines, best))
        return
    _print(lines, language)
    if best and place:
        say(
            language,
            f"\nPortfolio {done.portfolio_id}, best run {best}. Next: lineshaft accept {place} {best}",
            f"\n运行组合 {done.portfolio_id},最佳运行 {best}。下一步:lineshaft accept {place} {best}",
        )


def parse_seeds(text: str) -> list[int]:
    """ "1-3,7" → 1, 2, 3, 7.

    Raises
    ------
    BadInput
        No such list, or more than `SEEDS_MOST`.
    """
    seeds: dict[int, None] = {}
    for part in text.split(","):
        first, dash, last = (piece.strip() for piece in part.partition("-"))
        if not first.isdecimal() or not (last if dash else first).isdecimal():
            raise _wrong_seeds(text)
        stop = int(last or first)
        if not 0 <= stop - int(first) < SEEDS_MOST:
            raise _wrong_seeds(text)
        seeds |= dict.fromkeys(range(int(first), stop + 1))
    if len(seeds) > SEEDS_MOST:
        raise _wrong_seeds(text)
    return list(seeds)


def read_scenarios(files: Sequence[Path]) -> dict[str, list[Cell]]:
    """Name of the file → its cells, from JSON such as ``[{"table": …, "key": […], "column": …, "value": …}]``.

    Raises
    ------
    Missing
        A file is not there.
    BadInput
        It is no list of cells, or two files have one name.
    """
    scenarios: dict[str, list[Cell]] = {}
    for file in files:
        if not file.is_file():
            raise Missing(f"{file} is not there.", f"{file} 不存在。")
        if file.stem in scenarios:
            raise _wrong_file(file, "two scenarios have this name", "有两个情景同名")
        try:
            rows = json.loads(file.read_text(encoding="utf-8"))
        except ValueError as error:
            raise _wrong_file(file, f"is no JSON: {error}", f"不是 JSON:{error}") from None
        if not isinstance(rows, list) or not all(_is_cell(row) for row in rows):
            raise _wrong_file(
                file,
                'must be a list of cells: [{"table": …, "key": […], "column": …, "value": …}]',
                '须为单元格列表:[{"table": …, "key": […], "column": …, "value": …}]',
            )
        scenarios[file.stem] = [Cell(**{**row, "key": tuple(row["key"])}) for row in rows]
    return scenarios


def _is_cell(row: Any) -> bool:
    return isinstance(row, dict) and set(row) == CELL and isinstance(row["key"], list)


def _wrong_seeds(text: str) -> BadInput:
    words = Words(
        f"must be seeds such as 1-8 or 1,3,5-7, at most {SEEDS_MOST:,}",
        f"须为种子列表,如 1-8 或 1,3,5-7,最多 {SEEDS_MOST:,} 个",
    )
    return BadInput([Fault("parameters", (), "seeds", text, "seeds", words)])


def _wrong_file(file: Path, en: str, zh: str) -> BadInput:
    return BadInput([Fault("scenario", (), "", file.name, "scenario", Words(en, zh), str(file))])


def _json(done: portfolio.Portfolio, lines: Sequence[Line], best: str | None) -> dict[str, Any]:
    return {
        "portfolio": done.portfolio_id,
        "engine": done.engine,
        "best": best,
        "runs": [
            {
                "run": line.record.run_id,
                "seed": line.member.seed,
                "scenario": line.member.scenario,
                "status": line.record.status,
                "answer": line.record.result_status,
                "stopped_by": line.record.stopped_by,
                "work": line.record.work,
                "result": line.record.result_digest,
                "best": line.best,
                "kpis": [kpi_json(kpi) for kpi in line.record.kpis],
                "error": line.record.error,
            }
            for line in lines
        ],
    }


def _print(lines: Sequence[Line], language: str) -> None:
    headings = {"zh": ("情景", "种子", "运行", "状态"), "en": ("scenario", "seed", "run", "status")}[language]
    told = {kpi.name for line in lines for kpi in line.record.kpis if kpi.value}
    first = next((line.record.kpis for line in lines if line.record.kpis), ())
    kpis = [kpi for kpi in first if kpi.name in told]
    table = Table(box=None, pad_edge=False)
    for heading, side in zip(headings, ("left", "right", "right", "left"), strict=True):
        table.add_column(heading, justify=side)  # type: ignore[arg-type]
    for kpi in kpis:
        table.add_column(kpi_name(kpi, language), justify="right")
    table.add_column({"zh": "最佳", "en": "best"}[language])
    for line in lines:
        values = {kpi.name: amount(kpi.value, kpi.unit) for kpi in line.record.kpis}
        table.add_row(
            line.member.scenario or AS_IT_IS.say(language),
            str(line.member.seed),
            line.record.run_id,
            _status(line.record, language),
            *(values.get(kpi.name, "") for kpi in kpis),
            "★" if line.best else "",
        )
    out.print(table)


def _status(record: RunRecord, language: str) -> str:
    """How a run ended, and why when it failed."""
    if record.result_status and record.stopped_by:
        said = STATUS[record.result_status].say(language), STOPPED[record.stopped_by].say(language)
        return " · ".join(said)
    ended = ENDED[record.status].say(language) if record.status in ENDED else record.status
    why = (
        record.error["zh" if language == "zh" else "en"] if record.status == "failed" and record.error else ""
    )
    return f"{ended}: {why}" if why else ended
