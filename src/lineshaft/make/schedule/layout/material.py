"""Who gets which material when: receipts go to requirements in a fixed order before any search."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import polars as pl

from lineshaft.core import BadInput, Fault, Words
from lineshaft.make.schedule.layout.fixing import STEP
from lineshaft.make.schedule.layout.lanes import seconds_up, table
from lineshaft.make.schedule.shop import Ints
from lineshaft.make.schedule.tables import ShopBook


def needed(book: ShopBook, orders: pl.DataFrame, keys: pl.DataFrame) -> pl.DataFrame:
    """What steps require: `order_id, op_no, item_id, quantity, wanted_s`."""
    wanted = orders.select("order_id", wanted_s=pl.Series(wanted_s(orders)))
    return (
        table(book, "requirements")
        .join(keys.select(STEP), on=STEP, how="semi", maintain_order="left")
        .join(wanted, on="order_id", maintain_order="left")
        .select(*STEP, "item_id", "quantity", "wanted_s")
    )


def allocate(
    book: ShopBook, needs: pl.DataFrame, steps: pl.DataFrame, start: datetime, as_planned: bool = False
) -> pl.DataFrame:
    """Give receipts to requirements, fixed steps and then earliest due orders first: `order_id, op_no, item_id, receipt_id, ready_s`.

    An order made for another is as urgent as that one.

    `as_planned`: in order of their starts in the previous plan instead.

    The receipt that lifts the running supply of an item over the running need completes a requirement.

    Raises
    ------
    BadInput
        Naming each requirement that is never met.
    """
    begun = steps.filter(pl.col("way").is_in(["running", "finished"]))
    placed = steps.select(*STEP, placed=True)
    planned = table(book, "previous").select(*STEP, turn="start" if as_planned else pl.lit(None))
    needs = (
        needs.join(begun, on=STEP, how="anti")
        .join(placed, on=STEP, how="left")
        .join(planned, on=STEP, how="left")
        .sort("turn", "placed", "wanted_s", *STEP, "item_id", nulls_last=True)
        .with_columns(needed=pl.col("quantity").cum_sum().over("item_id") * (1 - 1e-9))
    )
    supply = (
        table(book, "receipts")
        .sort("available", "receipt_id")
        .with_columns(supplied=pl.col("quantity").cum_sum().over("item_id"))
        .select("item_id", "supplied", "receipt_id", ready_s=seconds_up(pl.col("available"), start))
    )
    met = needs.sort("needed").join_asof(
        supply.sort("supplied", maintain_order=True),
        left_on="needed",
        right_on="supplied",
        by="item_id",
        strategy="forward",
        check_sortedness=False,
    )
    unmet = met.filter(pl.col("receipt_id").is_null()).sort(*STEP, "item_id")
    if len(unmet):
        words = Words(
            "stock and receipts never cover this need; add a receipt with its expected date",
            "库存与到货始终不能满足该需求;请补充预计到货",
        )
        raise BadInput(
            [
                Fault("material_requirement", row[:3], "quantity", row[3], "unmet", words)
                for row in unmet.select(*STEP, "item_id", "quantity").iter_rows()
            ]
        )
    return met.select(*STEP, "item_id", "receipt_id", "ready_s").sort(*STEP, "item_id")


def wanted_s(orders: pl.DataFrame) -> Ints:
    """When each order (in rows by number) is due, or the first of those that it is made for (s; NEVER_S for none)."""
    number = dict(zip(orders["order_id"], orders["order"]))
    above = np.array(
        [number.get(parent, own) for own, parent in zip(number.values(), orders["parent_order_id"])]
    )
    wanted = orders["due_s"].to_numpy()
    while len(wanted) and (wanted[above] < wanted).any():
        wanted = np.minimum(wanted, wanted[above])
    return wanted
