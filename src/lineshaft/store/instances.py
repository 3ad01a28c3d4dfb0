"""Published scheduling instances as tables: job shops, flexible ones, and those with workers, setups or assembly.

One job becomes one order of one piece, released on 1 January 2026; one unit of time becomes 60 s. Machines are
resources M1, M2, … and workers W1, W2, …, counted from 1 whatever the file counts from. Nothing has a calendar,
and no step may pause.

Formats: FJSP `.fjs` text (Brandimarte 1993; machines from 1); job shop as rows of machine and time (machines from 0)
or as Taillard's two matrices (times, then machines from 1); FJSSP-W (Hutter et al., arXiv:2501.16159; machines and
workers from 1); FJSP-SDST (Duque; FJSP text, then for each machine setup times from job to job); FAJSP (Birgin et al.
2014, doi:10.1093/imanum/drs029; arcs between steps, then the machines of each step; steps and machines from 0).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import dataframely as dy
import polars as pl

from lineshaft.store.instance_text import UNIT_S, Text
from lineshaft.tables import TABLES

RELEASE = datetime(2026, 1, 1, tzinfo=UTC)

Way = tuple[tuple[str, ...], int]
"""One way to do a step: the resources held and the units of time."""
Route = list[list[Way]]


def read_fjsp(path: Path) -> dict[str, pl.DataFrame]:
    """A flexible job shop: for each step the machines that can do it, with their times.

    Returns
    -------
    dict
        Table name → rows: `work_order`, `operation`, `operation_mode`, `resource_demand`, `resource`.

    Raises
    ------
    BadInput
        With the number of the line that breaks the format.
    Missing
        No such file.
    """
    text = Text(path)
    jobs, machines = text.header(2)
    return to_tables(_routes(text, jobs, lambda: [((_machine(text, machines),), text.time())]), machines, 0)


def read_jsp(path: Path) -> dict[str, pl.DataFrame]:
    """A job shop: for each step one machine and its time; rows of pairs, or Taillard's two matrices.

    Raises
    ------
    BadInput
        With the number of the line that breaks the format.
    Missing
        No such file.
    """
    text = Text(path)
    jobs, machines = text.header(2)
    rows = text.rows()
    if len(rows) == 2 * jobs and _permutations(rows[jobs:], machines):
        pairs = [list(zip((m for _, m in on), times)) for times, on in zip(rows[:jobs], rows[jobs:])]
        return to_tables(
            [[[((f"M{m}",), text.checked_time(*t))] for m, t in job] for job in pairs], machines, 0
        )
    if len(rows) != jobs:
        raise text.fault(
            f"{jobs} jobs are announced, {len(rows)} rows of steps follow",
            f"文件声明 {jobs} 个工件,实际有 {len(rows)} 行工序",
        )
    return to_tables([_pairs(text, row, machines) for row in rows], machines, 0)


def read_fjssp_w(path: Path) -> dict[str, pl.DataFrame]:
    """A flexible job shop with workers: a way to do a step is a machine with a worker, each pair with its time.

    Raises
    ------
    BadInput
        With the number of the line that breaks the format.
    Missing
        No such file.
    """
    text = Text(path)
    jobs, machines, workers = text.header(3)

    def ways() -> list[Way]:
        machine = _machine(text, machines)
        able = text.count("workers of a machine", "可用人员数")
        return [((machine, f"W{text.index(1, workers)}"), text.time()) for _ in range(able)]

    return to_tables(_routes(text, jobs, ways), machines, workers)


def read_fjsp_sdst(path: Path) -> dict[str, pl.DataFrame]:
    """A flexible job shop in which a machine that goes from one job to another is set up first; at the start none is.

    Every job is a setup family of its own, every machine a setup group.

    Raises
    ------
    BadInput
        With the number of the line that breaks the format.
    Missing
        No such file.
    """
    text = Text(path)
    jobs, machines = text.header(2)
    many = range(1, jobs + 1)
    routes = _route_rows(text, jobs, lambda: [((_machine(text, machines),), text.time())])
    setups = [
        (f"M{m}", f"J{a}", f"J{b}", text.time()) for m in range(1, machines + 1) for a in many for b in many
    ]
    text.end()
    tables = to_tables(routes, machines, 0)
    group, before, after, units = (list(column) for column in zip(*setups))
    names = [f"J{j}" for j in many]
    return tables | {
        "operation": tables["operation"].with_columns(family_id="order_id"),
        "resource": tables["resource"].with_columns(setup_group="resource_id"),
        "setup_family": table_rows("setup_family", family_id=names, name=names, setup_s=0),
        "setup_time": table_rows(
            "setup_time",
            setup_group=group,
            from_family_id=before,
            to_family_id=after,
            setup_s=[time * UNIT_S for time in units],
            forbidden=False,
        ),
    }


def read_fajsp(path: Path) -> dict[str, pl.DataFrame]:
    """A flexible job shop with assembly: steps in any order that the arcs between them allow.

    An order is a chain of steps; what arcs say beyond that becomes `segment_dependency`.

    Raises
    ------
    BadInput
        With the number of the line that breaks the format; arcs that go round in a circle.
    Missing
        No such file.
    """
    text = Text(path)
    steps, arcs, machines = text.header(3)
    before: list[list[int]] = [[] for _ in range(steps)]
    for _ in range(arcs):
        first = text.index(0, steps - 1)
        before[text.index(0, steps - 1)].append(first)

    def ways() -> list[Way]:
        able = text.count("machines of a step", "可用设备数")
        return [((f"M{text.index(0, machines - 1) + 1}",), text.time()) for _ in range(able)]

    routes = [ways() for _ in range(steps)]
    text.end()
    chains = _chains(text, before)
    at = {step: (f"J{j}", i) for j, chain in enumerate(chains, 1) for i, step in enumerate(chain, 1)}
    rows = [(*at[step], *at[first]) for step in at for first in sorted(set(before[step]))]
    order, number, after_order, after_number = (list(column) for column in zip(*rows)) if rows else ([],) * 4
    tables = to_tables([[routes[step] for step in chain] for chain in chains], machines, 0)
    tables["segment_dependency"] = table_rows(
        "segment_dependency",
        order_id=order,
        op_no=number,
        after_order_id=after_order,
        after_op_no=after_number,
        kind="end_start",
        lag_s=0,
    )
    return tables


def _chains(text: Text, before: list[list[int]]) -> list[list[int]]:
    """All steps, those before others first, as chains in which each step directly follows the one before it."""
    chains: list[list[int]] = []
    ends: dict[int, list[int]] = {}
    try:
        for step in TopologicalSorter(dict(enumerate(before))).static_order():
            chain = next((ends.pop(first) for first in before[step] if first in ends), None)
            if chain is None:
                chain = []
                chains.append(chain)
            chain.append(step)
            ends[step] = chain
    except CycleError:
        raise text.fault("the arcs before it go round in a circle", "此前的先后关系成环") from None
    return chains


def _routes(text: Text, jobs: int, ways_of_machine: Callable[[], list[Way]]) -> list[Route]:
    """The rest of a file: for each job its steps, for each step its machines with their ways."""
    routes = _route_rows(text, jobs, ways_of_machine)
    text.end()
    return routes


def _route_rows(text: Text, jobs: int, ways_of_machine: Callable[[], list[Way]]) -> list[Route]:
    routes: list[Route] = []
    for _ in range(jobs):
        route: Route = []
        for _ in range(text.count("steps", "工序数")):
            many = text.count("machines of a step", "可用设备数")
            route.append([way for _ in range(many) for way in ways_of_machine()])
        routes.append(route)
    return routes


def _machine(text: Text, machines: int) -> str:
    return f"M{text.index(1, machines)}"


def _permutations(rows: list[list[tuple[int, int]]], machines: int) -> bool:
    """Every row names each machine, from 1, exactly once."""
    return all(sorted(number for _, number in row) == list(range(1, machines + 1)) for row in rows)


def _pairs(text: Text, row: list[tuple[int, int]], machines: int) -> Route:
    text.line = row[0][0]
    if len(row) % 2:
        raise text.fault("a row must hold pairs of machine and time", "每行须为“设备 时间”成对数据")
    for _, machine in row[::2]:
        if machine >= machines:
            raise text.fault(
                f"{machine} is not a machine from 0 to {machines - 1}",
                f"{machine} 不是 0 到 {machines - 1} 的设备号",
            )
    return [
        [((f"M{machine + 1}",), text.checked_time(*time))] for (_, machine), time in zip(row[::2], row[1::2])
    ]


def to_tables(routes: list[Route], machines: int, workers: int) -> dict[str, pl.DataFrame]:
    """Tables of orders with these routes; order J1 is the first."""
    orders = [f"J{j}" for j in range(1, len(routes) + 1)]
    steps = [
        (order, i, ways) for order, route in zip(orders, routes) for i, ways in enumerate(route, start=1)
    ]
    modes = [
        (order, i, n, held, time) for order, i, ways in steps for n, (held, time) in enumerate(ways, start=1)
    ]
    demands = [
        (order, i, n, d, resource)
        for order, i, n, held, _ in modes
        for d, resource in enumerate(held, start=1)
    ]
    kinds = {f"M{i}": "machine" for i in range(1, machines + 1)} | {
        f"W{i}": "person" for i in range(1, workers + 1)
    }
    return {
        "work_order": table_rows("work_order", order_id=orders, quantity=1, release=RELEASE, weight=1),
        "operation": table_rows(
            "operation", order_id=[s[0] for s in steps], op_no=[s[1] for s in steps], pausable=False
        ),
        "operation_mode": table_rows(
            "operation_mode",
            order_id=[m[0] for m in modes],
            op_no=[m[1] for m in modes],
            mode_no=[m[2] for m in modes],
            lot_s=[m[4] * UNIT_S for m in modes],
            piece_s=0,
        ),
        "resource_demand": table_rows(
            "resource_demand",
            order_id=[d[0] for d in demands],
            op_no=[d[1] for d in demands],
            mode_no=[d[2] for d in demands],
            demand_no=[d[3] for d in demands],
            resource_id=[d[4] for d in demands],
            quantity=1,
        ),
        "resource": table_rows("resource", resource_id=list(kinds), kind=list(kinds.values()), capacity=1),
    }


def table_rows(table: str, **columns: object) -> pl.DataFrame:
    """Rows of a table; a single value fills its column, columns not given stay empty."""
    schema: type[dy.Schema] = TABLES[table]
    rows = max(len(values) for values in columns.values() if isinstance(values, list))
    wanted = {name: column.dtype for name, column in schema.columns().items()}
    data = {}
    for name, dtype in wanted.items():
        values = columns.get(name)
        data[name] = pl.Series(name, values if isinstance(values, list) else [values] * rows, dtype=dtype)
    return pl.DataFrame(data)
