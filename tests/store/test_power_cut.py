"""500 power cuts while people decide: what was acknowledged is there, and nothing is there by half."""

import hashlib
import random
import sqlite3
from collections import defaultdict
from itertools import count
from pathlib import Path

from power import Disk, Trace, TracedOs, connector
from toy_line import TOY, orders

from lineshaft.store import Works, blobs, runs

CUTS = 500
names = count()


def contents(connection) -> dict[str, list[tuple]]:
    """Every row of every table of the works."""
    tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    return {
        name: sorted(connection.execute(f'SELECT * FROM "{name}"').fetchall(), key=repr) for (name,) in tables
    }


def decide(works: Works, rng: random.Random) -> None:
    """One step of a planner's day that commits exactly one log entry."""
    open_accepts = [accept for accept in works.accepts() if not accept.undone]
    kind = rng.choice(["accept", "accept", "write", "undo", "undo"] if open_accepts else ["accept", "write"])
    if kind == "write":
        works.write(
            {"work_order": orders(*map(str, range(rng.randrange(3, 9))))}, "li", "import", mode="upsert"
        )
    elif kind == "undo":
        works.undo(rng.choice(open_accepts).accept_id, "li")
    else:
        works.accept(propose(works, rng), "li")


def propose(works: Works, rng: random.Random) -> str:
    """A run in this very thread: one connection can only do one thing at a time."""
    run, _ = runs.submit(works, TOY, {"delay_h": rng.randrange(1000)}, {}, (), "li", again=True)
    no = runs.claim(works, "here", runs.number(run, "r"))
    record = works.run(run)
    runs.store_result(works, no, "here", runs.compute(works, record, runs.run_of(record)))
    return run


class Day:
    """A day of decisions on a traced disk, with what was acknowledged when, and what the works then held."""

    def __init__(self, folder: Path, decisions: int, seed: int, synchronous: str, monkeypatch):
        with Works.create(folder / "works", "Test") as works:
            works.use(TOY)
            works.write({"work_order": orders("0", "1", "2")}, "li", "import")
        path = folder / "works"
        self.start = {
            place.relative_to(path): place.read_bytes() for place in path.rglob("*") if place.is_file()
        }
        self.trace = Trace(path)
        monkeypatch.setattr(blobs, "os", TracedOs(self.trace))
        connect = connector(self.trace, f"power{next(names)}", synchronous)
        self.acknowledged: list[tuple[int, int]] = [(0, 0)]
        self.held: dict[str, set[int]] = defaultdict(set)
        rng = random.Random(seed)
        with Works.open(path, connect=connect) as works:
            works.use(TOY)
            shim = connect(path)
            self._watch(works, shim)
            for _ in range(decisions):
                decide(works, rng)

    def _watch(self, works, shim):
        """After each commit that has come back: how far the trace was, and a digest of all rows."""
        plain = works.database.write
        self.held[digest_of(shim)].add(0)

        def write(work):
            value = plain(work)
            number = len(self.acknowledged)
            self.acknowledged.append((len(self.trace.steps), number))
            self.held[digest_of(shim)].add(number)
            return value

        works.database.write = write

    def cut_everywhere(self, cuts: int, folder: Path, seed: int) -> list[str]:
        """Rebuild the disk for random moments of the day; what was wrong with each."""
        rng = random.Random(seed)
        disk, done, wrong = Disk(self.start), 0, []
        for moment in sorted(rng.randrange(len(self.trace.steps) + 1) for _ in range(cuts)):
            for step in self.trace.steps[done:moment]:
                disk.step(*step)
            done = moment
            promised = max((number for at, number in self.acknowledged if at <= moment), default=0)
            wrong += self.judge(disk.cut(rng), folder, promised)
        return wrong

    def judge(self, left: dict[Path, bytearray], folder: Path, promised: int) -> list[str]:
        for suffix in ("", "-wal", "-shm"):
            (folder / f"cut.db{suffix}").unlink(missing_ok=True)
            if Path(f"works.db{suffix}") in left:
                (folder / f"cut.db{suffix}").write_bytes(left[Path(f"works.db{suffix}")])
        connection = sqlite3.connect(folder / "cut.db")
        try:
            connection.execute("PRAGMA synchronous=OFF")
            if connection.execute("PRAGMA integrity_check").fetchall() != [("ok",)]:
                return ["corrupt"]
            states = self.held.get(digest_of(connection), set())
            named = connection.execute("SELECT blob FROM ls_version").fetchall()
            named += connection.execute("SELECT result_blob FROM ls_run WHERE result_blob <> ''").fetchall()
        except sqlite3.DatabaseError as error:
            return [f"corrupt: {error}"]
        finally:
            connection.close()
        if not states:
            return ["half-done"]
        if not states & {promised, promised + 1}:
            return [f"lost: {promised} promised, {states} there"]
        blobs = {digest: left.get(Path("blobs") / digest, b"") for (digest,) in named}
        return [
            f"blob {name} lost" for name, there in blobs.items() if hashlib.sha256(there).hexdigest() != name
        ]


def digest_of(connection) -> str:
    return hashlib.sha256(repr(contents(connection)).encode()).hexdigest()


def test_no_acknowledged_decision_is_lost_and_none_is_half_done(tmp_path, monkeypatch):
    day = Day(tmp_path, 30, seed=1, synchronous="FULL", monkeypatch=monkeypatch)
    assert len(day.trace.steps) > 500
    assert day.cut_everywhere(CUTS, tmp_path, seed=2) == []


def test_the_trial_would_notice_a_weaker_setting(tmp_path, monkeypatch):
    day = Day(tmp_path, 8, seed=1, synchronous="NORMAL", monkeypatch=monkeypatch)
    assert any("lost" in wrong for wrong in day.cut_everywhere(60, tmp_path, seed=2))


def test_the_trial_would_notice_a_forgotten_sync_of_a_file(tmp_path, monkeypatch):
    monkeypatch.setattr(TracedOs, "fsync", lambda self, handle: None)
    day = Day(tmp_path, 8, seed=1, synchronous="FULL", monkeypatch=monkeypatch)
    assert any("blob" in wrong for wrong in day.cut_everywhere(60, tmp_path, seed=2))
