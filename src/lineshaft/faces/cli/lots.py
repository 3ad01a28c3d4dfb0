"""`lineshaft split-order` and `merge-orders`: shown first, written with --yes, taken back with undo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lineshaft.core import Missing, find_engine
from lineshaft.faces.cli.render import print_changes, print_json, say
from lineshaft.faces.saying import reader_language
from lineshaft.make.schedule import lots
from lineshaft.store import changes
from lineshaft.store.changes import Make
from lineshaft.store.home import Place
from lineshaft.store.works import Works


def split(
    place: Place,
    order_id: str,
    pieces: str,
    into: int | None,
    op_no: int | None,
    yes: bool,
    by: str,
    as_json: bool,
) -> None:
    """`lineshaft split-order`."""
    if bool(pieces) == bool(into):
        raise Missing("Say --lots 4,4,2 or --into 3.", "请用 --lots 4,4,2 或 --into 3 给出批量。")
    try:
        given = [int(part) for part in pieces.replace("\uff0c", ",").split(",")] if pieces else []
    except ValueError:
        raise Missing(
            f"--lots is {pieces!r}: pieces such as 4,4,2", f"--lots 为 {pieces!r},须如 4,4,2"
        ) from None

    def make(tables: Mapping[str, Any]) -> lots.Frames:
        pieces_in_all = lots.found_order(tables, order_id)["quantity"]
        quantities = lots.even_lots(pieces_in_all, into) if into else given
        if op_no:
            return lots.split_step(tables, order_id, op_no, quantities)
        return lots.split_order(tables, order_id, quantities)

    asked = {"split": order_id, "op_no": op_no, "lots": given or into}
    show_or_write(place, make, asked, yes, by, as_json)


def merge(place: Place, order_ids: Sequence[str], yes: bool, by: str, as_json: bool) -> None:
    """`lineshaft merge-orders`."""
    asked = {"merge": list(order_ids)}
    show_or_write(place, lambda tables: lots.merge_orders(tables, order_ids), asked, yes, by, as_json)


def show_or_write(
    place: Place, make: Make, asked: Mapping[str, Any], yes: bool, by: str, as_json: bool
) -> None:
    """Print what changes; write it when the user has said yes."""
    language = reader_language()
    with Works.open(place) as works:
        counts = changes.preview(works, make, lots.READS).counts
        engine, said = find_engine("make.schedule"), works.said
        accept_id = changes.change(works, engine, make, lots.READS, by, asked) if yes else None
    if as_json:
        print_json({"accept": accept_id, "tables": counts})
        return
    print_changes(counts, language)
    if accept_id is None:
        say(language, "Preview only; write it with --yes.", "仅为预览;加 --yes 写入。")
    else:
        say(
            language,
            f"Written as {accept_id}. To take it back: lineshaft undo {said} {accept_id}",
            f"已写入(编号 {accept_id})。撤销:lineshaft undo {said} {accept_id}",
        )
