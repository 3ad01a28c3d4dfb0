"""The event log: it only grows, every entry is hashed, and one root stands for all of them.

The hashes form the Merkle tree of RFC 6962 (section 2.1): a root written down elsewhere later shows an edit as well as
a truncation.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from lineshaft.core.digest import canonical
from lineshaft.store.system import EVENT

LAST = sa.select(sa.func.coalesce(sa.func.max(EVENT.c.seq), 0))
INSERT = EVENT.insert()


@dataclass(frozen=True)
class Event:
    """One entry of the log.

    `recorded` is when it was written, `valid` when it holds from; `cause` is the `seq` of the entry that led to it.
    """

    seq: int
    recorded: datetime
    valid: datetime
    actor: str
    action: str
    cause: int | None
    run_id: str
    payload: dict[str, Any]
    leaf: str


def append(
    connection: sa.Connection,
    now: datetime,
    actor: str,
    action: str,
    payload: dict[str, Any],
    *,
    valid: datetime | None = None,
    cause: int | None = None,
    run_id: str = "",
) -> int:
    """Write one entry in the running transaction and return its number."""
    text = canonical(payload).decode()
    seq = size(connection) + 1
    row = {
        "seq": seq,
        "recorded": moment_text(now),
        "valid": moment_text(valid or now),
        "actor": actor,
        "action": action,
        "cause": cause,
        "run_id": run_id,
        "payload_digest": hashlib.sha256(text.encode()).hexdigest(),
    }
    connection.execute(INSERT, {**row, "payload": text, "leaf": leaf_hash(row)})
    return seq


def size(connection: sa.Connection) -> int:
    """How many entries there are."""
    last: int = connection.execute(LAST).scalar_one()
    return last


def entries(connection: sa.Connection) -> list[Event]:
    """The whole log, oldest first."""
    return [_event(row) for row in connection.execute(sa.select(EVENT).order_by(EVENT.c.seq))]


def entry(connection: sa.Connection, seq: int) -> Event | None:
    """One entry by its number."""
    row = connection.execute(sa.select(EVENT).where(EVENT.c.seq == seq)).one_or_none()
    return _event(row) if row else None


def root(connection: sa.Connection) -> tuple[int, str]:
    """Number of entries and the root over them."""
    leaves = connection.execute(sa.select(EVENT.c.leaf).order_by(EVENT.c.seq)).scalars().all()
    return len(leaves), tree_root([bytes.fromhex(leaf) for leaf in leaves]).hex()


def broken(connection: sa.Connection) -> list[int]:
    """Numbers of entries that are missing or whose content no longer has its hash."""
    wrong = []
    for expected, row in enumerate(connection.execute(sa.select(EVENT).order_by(EVENT.c.seq)).mappings(), 1):
        fields = {name: row[name] for name in row if name not in ("payload", "leaf")}
        same_payload = hashlib.sha256(row["payload"].encode()).hexdigest() == row["payload_digest"]
        if row["seq"] != expected or not same_payload or leaf_hash(fields) != row["leaf"]:
            wrong.append(row["seq"])
    return wrong


def leaf_hash(row: dict[str, Any]) -> str:
    """Hash of one entry: 0x00 before its canonical JSON, so that no entry can pass for a node."""
    return hashlib.sha256(b"\0" + canonical(row)).hexdigest()


def tree_root(leaves: Sequence[bytes]) -> bytes:
    """Merkle tree hash: the left subtree holds the largest power of two of leaves that leaves some for the right."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\1" + tree_root(leaves[:split]) + tree_root(leaves[split:])).digest()


def moment_text(moment: datetime) -> str:
    """UTC text to the microsecond."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _event(row: sa.Row[Any]) -> Event:
    return Event(
        row.seq,
        datetime.fromisoformat(row.recorded),
        datetime.fromisoformat(row.valid),
        row.actor,
        row.action,
        row.cause,
        row.run_id,
        json.loads(row.payload),
        row.leaf,
    )
