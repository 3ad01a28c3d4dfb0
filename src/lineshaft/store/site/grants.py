"""Grants: who has which role on which works, and which rows a partner sees."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import dataframely as dy
import sqlalchemy as sa

from lineshaft.core import BadInput, Fault, Missing, Words
from lineshaft.store.database import Database
from lineshaft.store.site.audit import Audit
from lineshaft.store.site.filters import RowFilter
from lineshaft.store.site.people import canonical_name
from lineshaft.store.site.schema import GRANT, PERSON, WORKS
from lineshaft.store.site.who import ROLES, Who
from lineshaft.tables import TABLES


@dataclass(frozen=True)
class Grant:
    """One person's role on one works."""

    works_id: str
    name: str
    role: str
    row_filter: RowFilter | None = None


class Grants:
    """Give, take and read roles."""

    def __init__(self, database: Database, audit: Audit) -> None:
        self._database = database
        self._audit = audit

    def give(
        self,
        works_id: str,
        name: str,
        role: str,
        row_filter: RowFilter | None = None,
        *,
        by: str,
        schemas: Mapping[str, type[dy.Schema]] = TABLES,
    ) -> None:
        """Give a role, in place of the one the person had on this works.

        Raises
        ------
        BadInput
            No such role; a partner without a row filter, another role with one; a filter on a table or column that
            is not there, without values, or of a table whose rows must name each other.
        Missing
            No such works or person.
        """
        name = canonical_name(name)
        faults = _faults(works_id, name, role, row_filter, schemas)
        if faults:
            raise BadInput(faults)
        told = None if row_filter is None else asdict(row_filter)
        key = {"works_id": works_id, "name": name}

        def store(connection: sa.Connection) -> None:
            _check_both(connection, works_id, name)
            connection.execute(GRANT.delete().filter_by(**key))
            connection.execute(GRANT.insert(), {**key, "role": role, "row_filter": json.dumps(told)})
            self._audit.note(
                connection, by, "give role", works_id, {"name": name, "role": role, "row_filter": told}
            )

        self._database.write(store)

    def take(self, works_id: str, name: str, *, by: str) -> None:
        """Take a person's role on a works away; it is no error when there is none."""
        name = canonical_name(name)

        def store(connection: sa.Connection) -> None:
            if connection.execute(GRANT.delete().filter_by(works_id=works_id, name=name)).rowcount:
                self._audit.note(connection, by, "take role", works_id, {"name": name})

        self._database.write(store)

    def of_works(self, works_id: str) -> list[Grant]:
        """Everybody's roles on one works, by name."""
        return self._read(GRANT.c.works_id == works_id)

    def of_person(self, name: str) -> list[Grant]:
        """One person's roles, by works."""
        return self._read(GRANT.c.name == canonical_name(name))

    def who(self, name: str) -> Who | None:
        """What a person may do, None for somebody unknown or disabled."""
        theirs = PERSON.outerjoin(GRANT, GRANT.c.name == PERSON.c.name)
        wanted = sa.select(PERSON.c.admin, GRANT).select_from(theirs)
        with self._database.reading() as connection:
            rows = connection.execute(wanted.where(PERSON.c.name == name, sa.not_(PERSON.c.disabled))).all()
        if not rows:
            return None
        grants = [_grant(row) for row in rows if row.works_id is not None]
        return Who(
            name,
            roles={grant.works_id: grant.role for grant in grants},
            admin=rows[0].admin,
            filters={grant.works_id: grant.row_filter for grant in grants if grant.row_filter},
        )

    def _read(self, condition: sa.ColumnElement[bool]) -> list[Grant]:
        wanted = sa.select(GRANT).where(condition).order_by(GRANT.c.works_id, GRANT.c.name)
        with self._database.reading() as connection:
            return [_grant(row) for row in connection.execute(wanted)]


def _faults(
    works_id: str,
    name: str,
    role: str,
    row_filter: RowFilter | None,
    schemas: Mapping[str, type[dy.Schema]],
) -> list[Fault]:
    def fault(column: str, value: object, en: str, zh: str) -> Fault:
        return Fault("grant", (works_id, name), column, value, column, Words(en, zh))

    faults = []
    if role not in ROLES:
        among = ", ".join(ROLES)
        faults.append(fault("role", role, f"must be one of: {among}", f"须为以下之一:{among}"))
    if (role == "partner") != (row_filter is not None):
        faults.append(
            fault(
                "row_filter",
                None,
                "partners need one, other roles have none",
                "合作方必须设置,其他角色不可设置",
            )
        )
    if row_filter is not None:
        schema = schemas.get(row_filter.table)
        if schema is None or row_filter.column not in schema.columns():
            place = f"{row_filter.table}.{row_filter.column}"
            faults.append(fault("row_filter", place, "there is no such column", "没有此列"))
        elif row_filter.is_circular(schemas):
            faults.append(
                fault("row_filter", row_filter.table, "its rows must name each other", "此表各行必须相互引用")
            )
        elif not row_filter.values:
            faults.append(
                fault("row_filter", row_filter.column, "needs at least one value", "至少需要一个值")
            )
    return faults


def _check_both(connection: sa.Connection, works_id: str, name: str) -> None:
    if not connection.execute(sa.select(WORKS.c.title).where(WORKS.c.works_id == works_id)).first():
        raise Missing(f"There is no works {works_id}.", f"没有工厂 {works_id}。")
    if not connection.execute(sa.select(PERSON.c.title).where(PERSON.c.name == name)).first():
        raise Missing(f"There is no person named {name}.", f"没有名为 {name} 的用户。")


def _grant(row: Any) -> Grant:
    stored = json.loads(row.row_filter)
    row_filter = stored and RowFilter(stored["table"], stored["column"], tuple(stored["values"]))
    return Grant(row.works_id, row.name, row.role, row_filter)
