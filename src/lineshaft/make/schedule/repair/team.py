"""Who does a step that is moved by hand: the mode that has the resource asked for, and lanes for all of its places."""

from __future__ import annotations

from lineshaft.make.schedule.names import Names
from lineshaft.make.schedule.repair.spot import Around, Team
from lineshaft.make.schedule.shop import Shop


def choose_team(
    names: Names, around: Around, at_s: int, resource: str | None, instead: str | None
) -> Team | None:
    """The operation's own team with the resource in it (none: as it is); others step in for those who cannot then.

    Parameters
    ----------
    at_s
        When it is to start.
    instead
        Whose place the resource takes where several are possible; else the first.

    Returns
    -------
    None where no mode of the operation has the resource.
    """
    own = around.team
    if resource is None or any(names.lane_resource[lane] == resource for lane in own.lanes):
        return fill(names, around, own, -1, "", at_s)
    found = []
    shop = names.compiled.shop
    modes = range(shop.mode_ptr[around.op], shop.mode_ptr[around.op + 1])
    for mode in [own.mode, *(mode for mode in modes if mode != own.mode)]:
        kept = own if mode == own.mode else Team(mode, carried_over(shop, mode, own.lanes))
        turn = turn_of(names, kept, resource, instead)
        team = fill(names, around, kept, turn, resource, at_s) if turn >= 0 else None
        if team:
            found.append(team)
    return min(found, key=lambda team: around.spot(team, at_s).start_s, default=None)


def places(shop: Shop, mode: int) -> list[tuple[int, list[int]]]:
    """(demand, lanes to choose from) of every place that a mode needs."""
    found = []
    for demand in range(shop.demand_ptr[mode], shop.demand_ptr[mode + 1]):
        pool = shop.demand_pool[demand]
        lanes = shop.pool_lane[shop.pool_ptr[pool] : shop.pool_ptr[pool + 1]].tolist()
        found += [(demand, lanes)] * int(shop.demand_quantity[demand])
    return found


def carried_over(shop: Shop, mode: int, lanes: tuple[int, ...]) -> tuple[int, ...]:
    """For each place of another mode a lane held now that it may have too, else -1."""
    left, carried = list(lanes), []
    for _, pool in places(shop, mode):
        lane = next((lane for lane in left if lane in pool), -1)
        carried.append(lane)
        if lane >= 0:
            left.remove(lane)
    return tuple(carried)


def turn_of(names: Names, kept: Team, resource: str, instead: str | None) -> int:
    """Which place of the mode the resource takes; -1 for none."""
    named = names.lane_resource
    turns = [
        turn
        for turn, (_, pool) in enumerate(places(names.compiled.shop, kept.mode))
        if any(named[lane] == resource for lane in pool)
    ]
    meant = [turn for turn in turns if kept.lanes[turn] >= 0 and named[kept.lanes[turn]] == instead]
    return next(iter(meant + turns), -1)


def fill(names: Names, around: Around, kept: Team, wanted: int, resource: str, at_s: int) -> Team | None:
    """A lane for every place: the resource at place `wanted`, else the lane kept, else the first that can then.

    The first demand is the machine: it is not changed unless the resource asked for takes its place.
    """
    wants = places(names.compiled.shop, kept.mode)
    chosen: dict[int, int] = {}
    for turn in sorted(range(len(wants)), key=lambda turn: (turn != wanted, turn)):
        demand, pool = wants[turn]
        mine = [kept.lanes[turn]] if kept.lanes[turn] in pool else []
        if turn == wanted:
            idle = around.idle_first(kept.mode, pool, at_s)
            options = [lane for lane in idle if names.lane_resource[lane] == resource]
        elif mine and demand == wants[0][0]:
            options = mine
        else:
            options = list(dict.fromkeys(mine + around.idle_first(kept.mode, pool, at_s)))
        promised = {kept.lanes[other] for other in range(len(wants)) if other not in (turn, wanted)}
        options = [lane for lane in options if lane not in chosen.values()]
        options = [lane for lane in options if lane not in promised] or options
        if not options:
            return None
        chosen[turn] = soonest(around, kept.mode, tuple(chosen.values()), options, at_s)
    return Team(kept.mode, tuple(chosen[turn] for turn in range(len(wants))))


def soonest(around: Around, mode: int, so_far: tuple[int, ...], options: list[int], at_s: int) -> int:
    """The first option that can start at that time, else the one that can soonest."""
    best, best_s = options[0], -1
    for lane in options if len(options) > 1 else []:
        start_s = around.spot(Team(mode, (*so_far, lane)), at_s).start_s
        if best_s < 0 or start_s < best_s:
            best, best_s = lane, start_s
        if start_s == at_s:
            break
    return best
