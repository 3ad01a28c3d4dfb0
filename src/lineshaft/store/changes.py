"""Tables changed by a function of themselves: previewed, then written as an accepted proposal that undo takes back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import polars as pl
import sqlalchemy as sa

import lineshaft
from lineshaft.core import Engine
from lineshaft.core.digest import canonical
from lineshaft.store import accept, log, state
from lineshaft.store.pack import pack_frames
from lineshaft.store.records import insert, run_id
from lineshaft.store.state import Preview

if TYPE_CHECKING:
    from lineshaft.store.works import Works

Frames = dict[str, pl.DataFrame]
Make = Callable[[Mapping[str, pl.DataFrame]], Frames]


def preview(works: Works, make: Make, reads: Iterable[str]) -> Preview:
    """What `change` would change, checked the same way.

    Parameters
    ----------
    make
        From the tables in `reads`, by name, to the tables that change, whole.

    Raises
    ------
    BadInput
        The tables would break a rule or a reference.
    """
    with works.database.reading() as connection:
        made = made_now(works, connection, make, reads)
        future = state.plan(connection, works.catalog, made, dict.fromkeys(made, "replace"))
    return future.preview(works.catalog.schemas)


def change(
    works: Works, engine: Engine, make: Make, reads: Iterable[str], actor: str, asked: Mapping[str, Any]
) -> str:
    """Change the tables in one transaction; the accept's id.

    Parameters
    ----------
    engine
        Whose tables they are.
    asked
        What was asked for, to be read in the run's record.

    Raises
    ------
    BadInput
        The tables would break a rule or a reference; nothing has changed.
    """

    def store(connection: sa.Connection) -> str:
        made = made_now(works, connection, make, reads)
        now, moment = state.digests(connection), log.moment_text(works.now())
        blob = works.blobs.keep(pack_frames(made))
        row = {
            "kind": "tables",
            "engine": engine.name,
            "engine_version": engine.version,
            "lineshaft_version": lineshaft.__version__,
            "actor": actor,
            "params": canonical(dict(asked)).decode(),
            "limits": "{}",
            "overlay": "[]",
            "inputs": "{}",
            "basis": canonical({name: now[name] for name in made}).decode(),
            "input_digest": "",
            "key": "",
            "status": "done",
            "started": moment,
            "ended": moment,
            "stopped_by": "done",
            "work": 0.0,
            "result_status": "feasible",
            "result_blob": blob,
            "result_digest": blob,
        }
        return accept.decide(works, connection, run_id(insert(connection, row, moment)), actor)

    return works.database.write(store)


def made_now(works: Works, connection: sa.Connection, make: Make, reads: Iterable[str]) -> Frames:
    """What `make` makes of the tables as they are."""
    return make({name: state.read(connection, works.catalog, name) for name in reads})
