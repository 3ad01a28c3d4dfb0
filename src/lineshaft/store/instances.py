"""Published scheduling instances as tables: flexible job shop, job shop, flexible job shop with workers.

One job becomes one order of one piece, released on 1 January 2026; one unit of time becomes 60 s. Machines are
resources M1, M2, … and workers W1, W2, …, counted from 1 whatever the file counts from. Nothing has a calendar,
and no step may pause.

Formats: FJSP `.fjs` text (Brandimarte 1993; machines from 1); job shop as rows of machine and time (machines from 0)
or as Taillard's two matrices (times, then machines from 1); FJSSP-W (Hutter et al., arXiv:2501.16159; machines and
workers from 1).
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import dataframely as dy
import polars as pl

from lineshaft.core.errors import BadInput, Fault, Missing, Words
from lineshaft.store.guard import check_size
from lineshaft.tables import TABLES
from lineshaft.tables.columns import YEAR_S

RELEASE = datetime(2026, 1, 1, tzinfo=UTC)
UNIT_S = 60
TEXT_MAX = 100 << 20
OPS_MAX = 2_000_000

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


def _routes(text: Text, jobs: int, ways_of_machine: Callable[[], list[Way]]) -> list[Route]:
    """The rest of a file: for each job its steps, for each step its machines with their ways."""
    routes: list[Route] = []
    for _ in range(jobs):
        route: Route = []
        for _ in range(text.count("steps", "工序数")):
            many = text.count("machines of a step", "可用设备数")
            route.append([way for _ in range(many) for way in ways_of_machine()])
        routes.append(route)
    text.end()
    return routes


def _machine(text: Text, machines: int) -> str:
    return f"M{text.index(1, machines)}"


class Text:
    """The numbers of a file, one after another, each with the line it stands on.

    Lines that are empty or begin with a letter or `#` say nothing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.line = 1
        self._lines = iter(_numbered(path, _read(path)))
        self._rest: Iterator[str] = iter(())

    def header(self, many: int) -> list[int]:
        """The first line: at least `many` counts above zero; what follows them is an average of no use here."""
        numbers = self._next_line()
        if len(numbers) < many:
            raise self.fault(
                f"the first line must name {many} counts (jobs, machines{', workers' if many > 2 else ''})",
                f"首行须给出 {many} 个数量(工件、设备{'、人员' if many > 2 else ''})",
            )
        return [self._whole(word, 1, OPS_MAX) for word in numbers[:many]]

    def count(self, en: str, zh: str) -> int:
        """How many of something follow: at least one."""
        try:
            return self._whole(self._next(), 1, OPS_MAX)
        except BadInput as error:
            fault = error.faults[0]
            raise self.fault(f"number of {en}: {fault.words.en}", f"{zh}:{fault.words.zh}") from None

    def index(self, low: int, high: int) -> int:
        """The number of a machine or worker."""
        return self._whole(self._next(), low, high)

    def time(self) -> int:
        """A duration in units of time."""
        return self._whole(self._next(), 0, YEAR_S // UNIT_S)

    def checked_time(self, line: int, units: int) -> int:
        """A duration already read, within bounds."""
        self.line = line
        return self._whole(str(units), 0, YEAR_S // UNIT_S)

    def rows(self) -> list[list[tuple[int, int]]]:
        """All remaining lines as (line, number) pairs."""
        rows = []
        while (words := self._next_line(last=True)) is not None and words:
            rows.append([(self.line, self._whole(word, 0, YEAR_S)) for word in words])
        return rows

    def end(self) -> None:
        """Nothing may follow."""
        word = next(self._rest, None)
        if word is None:
            words = self._next_line(last=True)
            word = words[0] if words else None
        if word is not None:
            raise self.fault(
                f"{word!r} follows after the last announced job", f"在最后一个工件之后还有多余内容 {word!r}"
            )

    def fault(self, en: str, zh: str) -> BadInput:
        """Something wrong on the present line."""
        place = Words(f"line {self.line}: {en}", f"第 {self.line} 行:{zh}")
        return BadInput([Fault(self.path.name, (), "", None, "instance", place, f"line {self.line}")])

    def _next(self) -> str:
        word = next(self._rest, None)
        while word is None:
            self._rest = iter(self._next_line())
            word = next(self._rest, None)
        return word

    def _next_line(self, *, last: bool = False) -> list[str]:
        for number, line in self._lines:
            self.line = number
            words = line.split()
            if words and not words[0][0].isalpha() and not line.lstrip().startswith("#"):
                return words
        if last:
            return []
        raise self.fault("the file ends before the last announced job", "文件在最后一个工件之前就结束了")

    def _whole(self, word: str, low: int, high: int) -> int:
        if not word.isascii() or not word.isdigit() or len(word) > 12 or not low <= int(word) <= high:
            raise self.fault(
                f"{word[:40]!r} is not a whole number from {low} to {high}",
                f"{word[:40]!r} 不是 {low} 到 {high} 的整数",
            )
        return int(word)


def _read(path: Path) -> bytes:
    if not path.is_file():
        raise Missing(f"{path} is not there.", f"{path} 不存在。")
    check_size(path)
    if path.suffix != ".gz":
        return path.read_bytes()
    try:
        with gzip.open(path) as file:
            content = file.read(TEXT_MAX + 1)
    except (OSError, EOFError, zlib.error):
        raise _whole_file(path, "damaged_file", "the gzip file is damaged", "gzip 文件已损坏") from None
    if len(content) > TEXT_MAX:
        raise _whole_file(
            path,
            "zip_bomb",
            f"it unpacks to more than {TEXT_MAX >> 20} MB",
            f"解压后超过 {TEXT_MAX >> 20} MB",
        )
    return content


def _numbered(path: Path, content: bytes) -> Iterator[tuple[int, str]]:
    try:
        return iter(list(enumerate(content.decode("utf-8-sig").splitlines(), start=1)))
    except UnicodeDecodeError:
        raise _whole_file(path, "not_text", "this is not a text file", "这不是文本文件") from None


def _whole_file(path: Path, rule: str, en: str, zh: str) -> BadInput:
    return BadInput([Fault(path.name, (), "", None, rule, Words(en, zh))])


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
