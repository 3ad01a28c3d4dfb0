"""A book without some of its orders and resources, and what needs what in it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from functools import cached_property

import polars as pl

from lineshaft.core import Fault
from lineshaft.make.schedule.layout.lanes import table
from lineshaft.make.schedule.studies.finding import Finding
from lineshaft.make.schedule.tables import ShopBook


def without(book: ShopBook, orders: Collection[str], resources: Collection[str] = ()) -> ShopBook:
    """The book without these orders and resources, and without all rows that name them; what is made for an order
    that is gone is made for stock.
    """
    frames = {}
    for member in book.member_schemas():
        if getattr(book, member) is None:
            continue
        frame = table(book, member)
        for column, gone in (("order_id", orders), ("after_order_id", orders), ("resource_id", resources)):
            if column in frame.columns and gone:
                frame = frame.filter(~pl.col(column).is_in(list(gone)).fill_null(False))
        if member == "work_orders" and orders:
            stays = ~pl.col("parent_order_id").is_in(list(orders)).fill_null(False)
            frame = frame.with_columns(
                pl.when(stays).then(pl.col(name)).alias(name) for name in ("parent_order_id", "parent_op_no")
            )
        frames[member] = frame.lazy()
    return ShopBook.cast(frames)


def changed_book(book: ShopBook, **members: pl.DataFrame) -> ShopBook:
    """The book with some of its members replaced."""
    frames = {name: table(book, name) for name in book.member_schemas() if getattr(book, name) is not None}
    return ShopBook.cast({name: frame.lazy() for name, frame in {**frames, **members}.items()})


def unlocked(book: ShopBook) -> ShopBook:
    """The book with no row of its plan locked."""
    return changed_book(book, previous=table(book, "previous").with_columns(locked=pl.lit(False)))


class Needs:
    """Which orders wait for which, which steps they have, and who uses a calendar."""

    def __init__(self, book: ShopBook) -> None:
        self.book = book
        self.steps_of = Counter(table(book, "operations")["order_id"].to_list())
        self.waiting: dict[str, set[str]] = defaultdict(set)
        parents = table(book, "work_orders").select("order_id", "parent_order_id").drop_nulls()
        links = table(book, "dependencies").select("after_order_id", "order_id")
        for before, after in (*parents.iter_rows(), *links.iter_rows()):
            self.waiting[before].add(after)

    def followers(self, orders: Iterable[str]) -> frozenset[str]:
        """These orders and all that wait for them."""
        return reached(orders, self.waiting)

    def leaders(self, orders: Iterable[str]) -> frozenset[str]:
        """These orders and all that they wait for."""
        waits_for: dict[str, set[str]] = defaultdict(set)
        for before, later in self.waiting.items():
            for after in later:
                waits_for[after].add(before)
        return reached(orders, waits_for)

    def count(self, orders: Iterable[str]) -> int:
        """Steps of these orders."""
        return sum(self.steps_of[order] for order in orders)

    @cached_property
    def events(self) -> dict[str, str]:
        """Order of every event."""
        return dict(table(self.book, "events").select("event_id", "order_id").iter_rows())

    def finding(self, fault: Fault) -> Finding:
        """What a fault keeps from being planned."""
        facts = {"place": " ".join(map(str, fault.key)), "en": fault.words.en, "zh": fault.words.zh}
        if fault.table in ("calendar", "shift", "shift_break", "calendar_exception"):
            asleep = self.resources_by(fault.key[0])
            return Finding(fault.table, fault.key, fault.rule, facts, self.orders_on(asleep), asleep)
        if fault.table == "bom_line":
            return Finding(fault.table, fault.key, fault.rule, facts)
        order = self.events.get(fault.key[0], "") if fault.table == "actual_event" else fault.key[0]
        return Finding(fault.table, fault.key, fault.rule, facts, (order,))

    def resources_by(self, calendar: str) -> tuple[str, ...]:
        """Resources that work by a calendar."""
        found = table(self.book, "resources").filter(pl.col("calendar_id") == calendar)
        return tuple(found["resource_id"].sort())

    def orders_on(self, resources: Collection[str]) -> tuple[str, ...]:
        """Orders with a step that may need one of these resources."""
        members = table(self.book, "members").filter(pl.col("resource_id").is_in(list(resources)))
        named = pl.col("resource_id").is_in(list(resources)).fill_null(False)
        by_class = pl.col("class_id").is_in(members["class_id"].unique().to_list()).fill_null(False)
        return tuple(table(self.book, "demands").filter(named | by_class)["order_id"].unique().sort())


def reached(orders: Iterable[str], links: Mapping[str, Collection[str]]) -> frozenset[str]:
    """Orders and all that links lead to from them."""
    found: set[str] = set()
    front = list(orders)
    while front:
        order = front.pop()
        if order not in found:
            found.add(order)
            front += links.get(order, ())
    return frozenset(found)
