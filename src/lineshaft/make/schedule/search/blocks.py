"""Tabu search over the blocks of a critical path, for job shops whose steps each have one lane.

A step of a block goes right behind another of it or right before one; what that makes of the makespan is estimated
from the times around. Pairs of steps that a move has turned round may not be turned back for a while.

Sources: Balas and Vazacopoulos 1998, doi:10.1287/mnsc.44.2.262 (estimate); Zhang et al. 2007,
doi:10.1016/j.cor.2005.12.002 (what moves where: first and last of a block, or to its ends).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lineshaft.make.schedule.kernels import njit
from lineshaft.make.schedule.search.lines import makespan, may_shift, shift
from lineshaft.make.schedule.search.moves import draw
from lineshaft.make.schedule.shop import Ints

BIG = 1 << 60
PAIRS = 1 << 16
FARTHEST = 32
LEAST_TABU = 12


class Board(NamedTuple):
    """Working memory: a critical path; until when each pair of steps (hashed) stays; starts along a move; moves made."""

    path: Ints
    kept_until: Ints
    begun: Ints
    made: Ints


def make_board(n: int) -> Board:
    """Working memory for n steps."""
    return Board(*(np.zeros(size, dtype=np.int64) for size in (n, PAIRS, FARTHEST + 1, 1)))


@njit(cache=True, nogil=True, _nrt=False)
def improve(line, board, rng, moves, best, best_order):
    """Make `moves` moves; the least makespan of `best` and all seen, s, whose order is then in `best_order`."""
    span = makespan(line)
    for now in range(board.made[0] + 1, board.made[0] + moves + 1):
        many = critical_path(line, board, span, rng)
        u, v, later = choose(line, board, many, now, best, rng)
        if u < 0:
            break
        keep(line, board, u, v, later, now + LEAST_TABU + draw(rng, many))
        shift(line, u, v, later)
        span = makespan(line)
        if span < best:
            best = span
            for i in range(len(best_order)):
                best_order[i] = line.step[i]
    board.made[0] += moves
    return best


@njit(cache=True, nogil=True, _nrt=False)
def critical_path(line, board, span, rng):
    """Fill the path with a random critical path, first step first; its length."""
    n, path = len(line.job), board.path
    v, seen = n, 0
    for row in range(n, len(line.end)):
        u = line.job_before[row]
        if line.end[u] == span:
            seen += 1
            if draw(rng, seen) == 0:
                v = u
    at = n
    while v < n:
        at -= 1
        path[at] = v
        begun = line.end[v] - line.work_s[v]
        job, lane = line.job_before[v], line.lane_before[v]
        if begun == 0 or line.end[lane] != begun:
            lane = n
        if begun == 0 or line.end[job] != begun:
            job = n
        v = lane if job == n or (lane < n and draw(rng, 2) == 0) else job
    for i in range(at, n):
        path[i - at] = path[i]
    return n - at


@njit(cache=True, nogil=True, _nrt=False)
def choose(line, board, many, now, target, rng):
    """The best move in the blocks of the path, as (u, v, later).

    Moves that turn back a pair count only where they promise less than `target`; where all do so, one of them is
    drawn. -1 where no block has two steps.
    """
    path = board.path
    best, seen, best_u, best_v, best_later = BIG, 0, -1, -1, False
    first = 0
    while first < many:
        last = first
        while last + 1 < many and line.lane_after[path[last]] == path[last + 1]:
            last += 1
        for i in range(first, last):
            for j in range(i + 1, min(last, i + FARTHEST) + 1):
                if i > first and j < last:
                    continue
                u, v = path[i], path[j]
                for later in (True, False):
                    if (not later and j == i + 1) or not may_shift(line, u, v, later):
                        continue
                    way = way_later(line, board, u, v) if later else way_sooner(line, board, u, v)
                    if way >= target and kept(line, board, u, v, later, now):
                        way = BIG
                    if way > best:
                        continue
                    seen = 1 if way < best else seen + 1
                    if draw(rng, seen) == 0:
                        best, best_u, best_v, best_later = way, u, v, later
        first = last + 1
    return best_u, best_v, best_later


@njit(cache=True, nogil=True, _nrt=False)
def way_later(line, board, u, v):
    """The longest way through u … v once u is right behind v, by the times around."""
    begun, work_s = board.begun, line.work_s
    end, many, x = line.end[line.lane_before[u]], 0, u
    while x != v:
        x = line.lane_after[x]
        begun[many] = max(line.release_s[x], line.end[line.job_before[x]], end)
        end = begun[many] + work_s[x]
        many += 1
    front = max(line.front[line.job_after[u]], line.front[line.lane_after[v]]) + work_s[u]
    way = max(line.release_s[u], line.end[line.job_before[u]], end) + front
    while many > 0:
        many -= 1
        front = max(line.front[line.job_after[x]], front) + work_s[x]
        way = max(way, begun[many] + front)
        x = line.lane_before[x]
    return way


@njit(cache=True, nogil=True, _nrt=False)
def way_sooner(line, board, u, v):
    """The longest way through u … v once v is right before u, by the times around."""
    begun, work_s = board.begun, line.work_s
    own = max(line.release_s[v], line.end[line.job_before[v]], line.end[line.lane_before[u]])
    end, many, x = own + work_s[v], 0, u
    while x != v:
        begun[many] = max(line.release_s[x], line.end[line.job_before[x]], end)
        end = begun[many] + work_s[x]
        many += 1
        x = line.lane_after[x]
    front, way = line.front[line.lane_after[v]], 0
    while many > 0:
        many -= 1
        x = line.lane_before[x]
        front = max(line.front[line.job_after[x]], front) + work_s[x]
        way = max(way, begun[many] + front)
    return max(way, own + max(line.front[line.job_after[v]], front) + work_s[v])


@njit(cache=True, nogil=True, _nrt=False, inline="always")
def _pair(line, a, b):
    """Where the pair "the step at a before that at b" is kept."""
    return (line.step[a] * 0x9E3779B1 ^ line.step[b] * 0x85EBCA77) & (PAIRS - 1)


@njit(cache=True, nogil=True, _nrt=False)
def kept(line, board, u, v, later, now):
    """True when the move would turn round a pair that is to stay."""
    x = u
    while x != v:
        after = line.lane_after[x]
        if board.kept_until[_pair(line, u, after) if later else _pair(line, x, v)] > now:
            return True
        x = after
    return False


@njit(cache=True, nogil=True, _nrt=False)
def keep(line, board, u, v, later, until):
    """The pairs that the move turns round stay as they then are before `until`."""
    x = u
    while x != v:
        after = line.lane_after[x]
        board.kept_until[_pair(line, after, u) if later else _pair(line, v, x)] = until
        x = after
