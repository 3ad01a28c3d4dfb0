"""What energy costs when."""

import dataframely as dy
import polars as pl

from lineshaft.tables.columns import moment, real


class EnergyPrice(dy.Schema):
    """The price of electricity over time; periods do not overlap, outside them energy costs nothing."""

    title = ("Energy prices", "分时电价")
    rule_words = {
        "ends_after_start": (
            "the end must be after the start",
            "结束须晚于开始",
        ),
    }
    start = moment("from", "起", key=True)
    end = moment("to", "止")
    price_fen_kwh = real("price", "电价", "fen/kWh", max=1e5)

    @dy.rule()
    def ends_after_start(cls) -> pl.Expr:
        """The end is after the start."""
        return pl.col("end") > pl.col("start")
