"""Why can an order not be planned? A smallest set of rules that cannot hold together, found by leaving rules out.

Rules are left out one after the other, for good where the order still cannot be planned without them; what remains
cannot be planned as it is, and can as soon as any one of it is given up.
Source: Chinneck and Dravnieks 1991, doi:10.1287/ijoc.3.2.157 (deletion filter).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import polars as pl

from lineshaft.core import LineshaftError, Words
from lineshaft.make.schedule.dispatch.rules import NoRoom, best_rule, too_late_s
from lineshaft.make.schedule.goal import parse_goal
from lineshaft.make.schedule.layout.compile import Compiled, compile_shop
from lineshaft.make.schedule.layout.lanes import table
from lineshaft.make.schedule.params import ScheduleParams
from lineshaft.make.schedule.studies.books import changed_book, unlocked
from lineshaft.make.schedule.tables import ShopBook


@dataclass(frozen=True)
class Rule:
    """A group of rules of a book, in words, and the book without it."""

    words: Words
    relax: Callable[[ShopBook], ShopBook]


def has_room(compiled: Compiled) -> bool:
    """True when dispatching finds a place for every step and keeps all greatest lags."""
    try:
        plan, *_ = best_rule(compiled.shop, parse_goal("makespan", 1))
    except NoRoom:
        return False
    return not too_late_s(compiled.shop, plan.start_s, plan.end_s).any()


def can_be_planned(book: ShopBook, params: ScheduleParams) -> bool:
    """True when the book can be laid out and every step finds a place."""
    try:
        compiled = compile_shop(book, params)
    except LineshaftError:
        return False
    return compiled.shop.n_ops == 0 or has_room(compiled)


def conflict(book: ShopBook, params: ScheduleParams) -> list[Rule]:
    """The rules of a small book that cannot be planned which conflict; none when no rule given up helps."""
    left: list[Rule] = []
    for rule in rules(book):
        without = rule.relax(book)
        if can_be_planned(without, params):
            left.append(rule)
        else:
            book = without
    return left


def rules(book: ShopBook) -> Iterator[Rule]:
    """What may be given up: what happened and was locked, lags, material, unbroken steps, capacity, calendars."""
    if not table(book, "previous").filter("locked").is_empty():
        yield Rule(Words("locked steps", "锁定工序"), unlocked)
    lags = table(book, "dependencies").filter(pl.col("lag_max_s").is_not_null())
    for order_id, op_no in lags.select("order_id", "op_no").unique().sort("order_id", "op_no").iter_rows():
        yield Rule(
            Words(
                f"the greatest lag before {order_id} step {op_no}", f"{order_id} 工序 {op_no} 之前的最大间隔"
            ),
            lambda b, order_id=order_id, op_no=op_no: without_lag(b, order_id, op_no),
        )
    for item in table(book, "requirements")["item_id"].unique().sort():
        yield Rule(
            Words(f"the need of {item}", f"物料 {item} 的需求"),
            lambda b, item=item: changed_book(
                b, requirements=table(b, "requirements").filter(pl.col("item_id") != item)
            ),
        )
    unbroken = table(book, "operations").filter(~pl.col("pausable"))
    for order_id, op_no in unbroken.select("order_id", "op_no").sort("order_id", "op_no").iter_rows():
        yield Rule(
            Words(f"{order_id} step {op_no} must not pause", f"{order_id} 工序 {op_no} 不可中断"),
            lambda b, order_id=order_id, op_no=op_no: pausing(b, order_id, op_no),
        )
    for resource in table(book, "capacities")["resource_id"].unique().sort():
        yield Rule(
            Words(f"the capacity of {resource} over time", f"{resource} 的能力变化"),
            lambda b, resource=resource: changed_book(
                b, capacities=table(b, "capacities").filter(pl.col("resource_id") != resource)
            ),
        )
    for calendar in table(book, "resources")["calendar_id"].drop_nulls().unique().sort():
        yield Rule(
            Words(f"calendar {calendar}", f"日历 {calendar}"), lambda b, calendar=calendar: awake(b, calendar)
        )


def without_lag(book: ShopBook, order_id: str, op_no: int) -> ShopBook:
    """The book in which a step may follow as late as it likes."""
    links = table(book, "dependencies")
    mine = (pl.col("order_id") == order_id) & (pl.col("op_no") == op_no)
    lag = pl.when(~mine).then("lag_max_s").alias("lag_max_s")
    return changed_book(book, dependencies=links.with_columns(lag))


def pausing(book: ShopBook, order_id: str, op_no: int) -> ShopBook:
    """The book in which a step may pause."""
    mine = (pl.col("order_id") == order_id) & (pl.col("op_no") == op_no)
    return changed_book(
        book, operations=table(book, "operations").with_columns(pausable=pl.col("pausable") | mine)
    )


def awake(book: ShopBook, calendar: str) -> ShopBook:
    """The book in which all who work by a calendar work always."""
    other = pl.when(pl.col("calendar_id") != calendar).then("calendar_id").alias("calendar_id")
    return changed_book(book, resources=table(book, "resources").with_columns(other))
