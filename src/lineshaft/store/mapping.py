"""What sheets and headings are called: machine names, labels in both languages, and a user's own, remembered."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import dataframely as dy

from lineshaft.core.errors import BadInput, Fault, Words

IGNORE = "-"
_SUFFIX = re.compile(r"^(.*?)\s*[(\[]([^()\[\]]*)[)\]]$")


@dataclass(frozen=True)
class HeadingMap:
    """What a user's own sheet names and headings mean; kept with the works so that it is said only once.

    Parameters
    ----------
    tables
        Sheet or file name → table, or "-" to leave it out.
    columns
        Table → heading → column, or "-" to leave it out.
    """

    tables: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def to_json(self) -> str:
        """As text for the works' settings."""
        return json.dumps(
            {"tables": dict(self.tables), "columns": {t: dict(c) for t, c in self.columns.items()}},
            ensure_ascii=False,
            sort_keys=True,
        )

    @classmethod
    def from_json(cls, text: str) -> HeadingMap:
        """What `to_json` gave, or the same written by hand.

        Raises
        ------
        BadInput
            The text is no such mapping.
        """
        try:
            read = json.loads(text)
            tables = {normal(own): _word(ours) for own, ours in read.get("tables", {}).items()}
            columns = {
                table: {normal(own): _word(ours) for own, ours in names.items()}
                for table, names in read.get("columns", {}).items()
            }
        except (ValueError, AttributeError, TypeError) as error:
            words = Words(
                f'is no mapping such as {{"tables": {{"own": "work_order"}}, "columns": {{}}}} ({error})',
                f'不是有效的映射,应如 {{"tables": {{"自有名称": "work_order"}}, "columns": {{}}}}({error})',
            )
            raise BadInput([Fault("mapping", (), "", None, "mapping", words)]) from None
        return cls(tables, columns)

    def learn(self, said: Iterable[str]) -> HeadingMap:
        """With more pairs: "my sheet=work_order", "my heading=work_order.due", "remark=work_order.-" to leave out.

        Raises
        ------
        BadInput
            A pair has no "=", or nothing on one side of it.
        """
        tables, columns = dict(self.tables), {table: dict(names) for table, names in self.columns.items()}
        for pair in said:
            own, _, ours = pair.rpartition("=")
            if not own or not ours:
                words = Words(
                    "write it as: own name=table or own heading=table.column",
                    "应写作:自有名称=表 或 自有列名=表.列",
                )
                raise BadInput([Fault("mapping", (), "", pair, "mapping", words)])
            table, dot, column = ours.partition(".")
            if dot:
                columns.setdefault(table, {})[normal(own)] = column
            else:
                tables[normal(own)] = table
        return HeadingMap(tables, columns)

    def faults(self, schemas: Mapping[str, type[dy.Schema]]) -> list[Fault]:
        """Names in it that are no table or column."""
        known = {"-", *schemas}
        strangers = [name for name in (*self.tables.values(), *self.columns) if name not in known]
        strangers += [
            f"{table}.{column}"
            for table, names in self.columns.items()
            if table in schemas
            for column in names.values()
            if column not in (IGNORE, *schemas[table].columns())
        ]
        words = Words("the mapping names a table or column that is not there", "映射中的表或列不存在")
        return [Fault("mapping", (), "", name, "mapping", words, name) for name in strangers]


def _word(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r}")
    return value


def normal(text: Any) -> str:
    """A heading without what people vary: case, width, spaces, underscores, a star for "required"."""
    plain = unicodedata.normalize("NFKC", str(text)).casefold()
    return re.sub(r"[\s_\-*:]+", "", plain)


def split_unit(heading: Any) -> tuple[str, str]:
    """ "加工时间(min)" → ("加工时间", "min"); the unit is "" where there is none."""
    text = unicodedata.normalize("NFKC", str(heading)).strip()
    hit = _SUFFIX.match(text)
    return (hit[1], hit[2].strip()) if hit else (text, "")


def table_labels(name: str, schema: type[dy.Schema]) -> tuple[str, ...]:
    """Every name a sheet of this table may have: machine name, class name, English and Chinese title."""
    return (name, schema.__name__, *getattr(schema, "title", ()))


def table_label_zh(schema: type[dy.Schema]) -> str:
    """The Chinese title of a table."""
    return str(getattr(schema, "title", ("", schema.__name__))[1])


def column_labels(schema: type[dy.Schema]) -> dict[str, str]:
    """Normalised machine name, English and Chinese label → column; a label that two columns share is nobody's."""
    labels: dict[str, set[str]] = {}
    for name, column in schema.columns().items():
        for label in (column.description, (column.metadata or {}).get("zh")):
            if label:
                labels.setdefault(normal(label), set()).add(name)
    found = {label: names.pop() for label, names in labels.items() if len(names) == 1}
    return found | {normal(name): name for name in schema.columns()}
