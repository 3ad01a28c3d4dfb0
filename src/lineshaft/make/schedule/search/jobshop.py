"""The makespan of plain job shops: beam search, then tabu search over critical blocks between elites.

Two islands search on from where they stand, each for a fixed number of moves a round. Where one has gained nothing
for long its best joins the elites, and it begins anew between two of these (while they are few: between one and chance).
Two islands run in two threads where there are two, one after the other where there is one: the answer is the same.

Source: Peng, Lü and Cheng 2015, doi:10.1016/j.cor.2014.08.006 (tabu search from points between elites).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from lineshaft.make.schedule.search import blocks, jobshop_beam, lines
from lineshaft.make.schedule.search.lines import Line, Places
from lineshaft.make.schedule.shop import Ints, Shop, Timetable

ISLANDS = 2
ELITES = 12
FOUNDERS = 6
PATIENCE, PATIENCE_PER_OP = 12_500, 20
BEAM_CELLS = 250_000_000
BEAM_PARTS = (16, 4, 1)
WIDEST = 256


@dataclass
class Elite:
    """A plan as a topological order of its steps, with its makespan in s."""

    span_s: int
    order: Places


@dataclass
class Island:
    """One searcher: its own random streams and sequences, the best since it began, and moves without a better one."""

    rng: Ints
    draw: np.random.Generator
    line: Line
    board: blocks.Board
    best: Elite
    stale: int = 0


@dataclass
class Search:
    """A search under way, and its `best` timetable: the given one until a shorter is found."""

    shop: Shop
    best: Timetable
    islands: list[Island]
    elites: list[Elite]
    rounds: int = 0


def start(shop: Shop, timetable: Timetable, seed: int) -> Search:
    """A search for the least makespan from a timetable of a shop that `lines.suits`."""
    order = np.argsort(timetable.start_s, kind="stable").astype(np.uint32)
    streams = np.random.default_rng(seed).integers(1, 1 << 62, size=ISLANDS)
    islands = []
    for stream in streams:
        line, board = lines.make_line(shop), blocks.make_board(shop.n_ops)
        islands.append(
            Island(np.array([stream]), np.random.default_rng(stream), line, board, Elite(0, order))
        )
        begin(islands[-1], order)
    return Search(shop, timetable, islands, [])


def step(search: Search, moves: int, workers: int = 1) -> None:
    """One round: `moves` moves on each island; in the first rounds ever wider beams as well."""
    patience = max(PATIENCE, PATIENCE_PER_OP * search.shop.n_ops)

    def go(island: Island) -> None:
        if island.stale >= patience:
            begin(island, child(island, search.elites))
        improve(island, moves)

    if search.rounds < len(BEAM_PARTS):
        _look_wide(search, BEAM_PARTS[search.rounds])
    search.rounds += 1
    with ThreadPoolExecutor(min(workers, ISLANDS)) as pool:
        list(pool.map(go, search.islands))
    for island in search.islands:
        if island.stale >= patience:
            join(search.elites, island.best)
    shortest = min(search.islands, key=lambda island: island.best.span_s)
    if shortest.best.span_s < search.best.end_s.max():
        _keep(search, shortest.best.order)


def _keep(search: Search, order: Places) -> None:
    line = lines.make_line(search.shop)
    lines.lay(line, order)
    search.best = lines.timetable(search.shop, line)


def _look_wide(search: Search, part: int) -> None:
    """Islands that stand worse than what beam search finds go on from there."""
    line = search.islands[0].line
    order = jobshop_beam.search(line, min(WIDEST, 1 + BEAM_CELLS // part // jobshop_beam.cells(line)))
    trial = lines.make_line(search.shop)
    lines.lay(trial, order)
    for island in search.islands:
        if lines.makespan(trial) < island.best.span_s:
            begin(island, order)


def begin(island: Island, order: Places) -> None:
    """Go on from this order, with nothing forbidden."""
    lines.lay(island.line, order)
    island.board.kept_until[:] = 0
    island.best, island.stale = Elite(int(lines.makespan(island.line)), order.copy()), 0


def improve(island: Island, moves: int) -> None:
    """Make moves and note the best."""
    before_s = island.best.span_s
    span_s = blocks.improve(island.line, island.board, island.rng, moves, before_s, island.best.order)
    island.best.span_s = int(span_s)
    island.stale = island.stale + moves if span_s == before_s else 0


def child(island: Island, elites: list[Elite]) -> Places:
    """An order between those of two elites, or of one and chance.

    The weighted mean of two topological ranks is topological, and keeps whatever both agree on.
    """
    draw = island.draw
    a, b = draw.choice(len(elites), 2)
    ranks = [np.argsort(elites[a].order), np.argsort(elites[b].order)]
    if len(elites) < FOUNDERS or a == b:
        ranks[1] = chance(island.line, draw)
    weight = draw.uniform(0.2, 0.8)
    return np.argsort(weight * ranks[0] + (1 - weight) * ranks[1], kind="stable").astype(np.uint32)


def chance(line: Line, draw: np.random.Generator) -> Ints:
    """The ranks of the steps in a random order that keeps the chains of jobs."""
    keys, steps = draw.permutation(len(line.job)), lines.order(line)
    ranks = np.empty_like(keys)
    ranks[steps[np.argsort(line.job[steps], kind="stable")]] = keys[np.lexsort((keys, line.job))]
    return ranks


def join(elites: list[Elite], newcomer: Elite) -> None:
    """Keep the best few."""
    elites.append(newcomer)
    elites.sort(key=lambda elite: elite.span_s)
    del elites[ELITES:]
