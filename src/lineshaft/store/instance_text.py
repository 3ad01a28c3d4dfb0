"""The numbers of an instance's text file, one after another, each with the line it stands on."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

from lineshaft.core.errors import BadInput, Fault, Missing, Words
from lineshaft.store.guard import check_size
from lineshaft.tables.columns import YEAR_S

UNIT_S = 60
TEXT_MAX = 100 << 20
OPS_MAX = 2_000_000
ROW_END = ["-1", "-1"]


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
        """All remaining lines as (line, number) pairs; `-1 -1` may end a line (Da Col and Teppan 2022)."""
        rows = []
        while (words := self._next_line(last=True)) is not None and words:
            kept = words[:-2] if words[-2:] == ROW_END else words
            rows.append([(self.line, self._whole(word, 0, YEAR_S)) for word in kept])
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
