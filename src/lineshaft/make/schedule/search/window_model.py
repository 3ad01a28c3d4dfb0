"""A window of a plan in CP-SAT's terms: which mode, which lanes and when for each of its steps, all else standing still.

Time is *even* time (see `windows.Clock`), in which a mode lasts as long wherever it stands. What follows the window is
there as ways: the longest way from the end of a step, or from the next start on a lane, to the end of each order.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from ortools.sat.python import cp_model

from lineshaft.make.schedule.search.cpsat import cut_short, solver_of

MOST_FOUND = 6
HARDER = 2


class Hours(NamedTuple):
    """A calendar in which a step may be done: for each length that it then has, the spans of starts that give it."""

    calendar: int
    lengths: dict[int, list[tuple[int, int]]]


class Mode(NamedTuple):
    """A way to do a step: for each demand how many of which lanes, and the hours that come of the lanes' calendars.

    `together`: (lanes of the one demand, lanes of the other, place in `hours`, -1: never) for demands number `one` and
    `other`; a mode whose lanes do not decide has one place in `hours` and no `together`.
    """

    mode: int
    demands: list[tuple[int, list[int]]]
    hours: list[Hours]
    together: list[Together]


class Together(NamedTuple):
    """Lanes of one demand, or of two (`lanes`: demand number → lanes), and the place in `hours` they give, or -1."""

    lanes: dict[int, tuple[int, ...]]
    hours: int


class Step(NamedTuple):
    """A step of a window: its modes, from `earliest` on; starts by `latest_start`, ends by `latest_end`.

    `now` is its present (mode, lanes), `begin` its present start.
    """

    op: int
    modes: list[Mode]
    earliest: int
    latest_start: int
    latest_end: int
    family: int
    now: tuple[int, frozenset[int]]
    begin: int


class Lane(NamedTuple):
    """A lane that steps may take: the spans held by others with their families; setups (None: never any).

    What comes after, of `after_family`, may start when the lane is left, which is by `latest` (-1: nothing follows).
    """

    held: list[tuple[int, int, int]]
    setup: dict[tuple[int, int], int] | None
    after_family: int
    latest: int


class Aim(NamedTuple):
    """A figure to be made small: `weight` · max(0, end - `due`), where end is at least `least` and as late as any way.

    Ways: (step or lane, True for a lane, length).
    """

    weight: int
    due: int
    least: int
    now: int
    ways: list[tuple[int, bool, int]]


class Window(NamedTuple):
    """All that CP-SAT is told, from `first` to `last`; what follows may begin at `cut`.

    `arcs`: (before, after, from start, lag, greatest lag or -1) between steps by number.
    """

    steps: list[Step]
    arcs: list[tuple[int, int, bool, int, int]]
    lanes: dict[int, Lane]
    aims: list[Aim]
    first: int
    last: int
    cut: int


class Answer(NamedTuple):
    """For each step its start (even time), mode and lanes in the order of its demands."""

    start: list[int]
    mode: list[int]
    lanes: list[list[int]]


@dataclass
class Model:
    """A window in CP-SAT's terms, with the present plan as hint."""

    window: Window
    cp: cp_model.CpModel = field(default_factory=cp_model.CpModel)

    def __post_init__(self) -> None:
        self.start, self.end, self.size = [], [], []
        self.in_mode: list[list[cp_model.IntVar]] = []
        self.on: list[dict[tuple[int, int, int], cp_model.IntVar]] = []
        self.on_lane: dict[int, list[tuple[int, cp_model.IntVar]]] = {lane: [] for lane in self.window.lanes}
        self.spans: dict[int, list[cp_model.IntervalVar]] = {lane: [] for lane in self.window.lanes}
        self.free: dict[int, cp_model.IntVar] = {}
        for number, step in enumerate(self.window.steps):
            self._step(number, step)
        for before, after, starts, lag, most in self.window.arcs:
            since = self.start[before] if starts else self.end[before]
            self.cp.add(self.start[after] >= since + lag)
            if most >= 0:
                self.cp.add(self.start[after] <= since + most)
        for lane in self.window.lanes:
            self._lane(lane)
        self._minimise()

    def _step(self, number: int, step: Step) -> None:
        cp = self.cp
        lengths = sorted({z for mode in step.modes for hours in mode.hours for z in hours.lengths})
        start = cp.new_int_var(step.earliest, step.latest_start, "")
        end = cp.new_int_var(step.earliest + lengths[0], step.latest_end, "")
        size = cp.new_int_var_from_domain(cp_model.Domain.from_values(lengths), "")
        cp.add_hint(start, step.begin)
        self.start.append(start)
        self.end.append(end)
        self.size.append(size)
        cp.new_interval_var(start, size, end, "")
        one = len(step.modes) == 1
        self.in_mode.append([cp.new_constant(1) if one else cp.new_bool_var("") for _ in step.modes])
        self.on.append({})
        for mode, chosen in zip(step.modes, self.in_mode[-1]):
            if not one:
                cp.add_hint(chosen, mode.mode == step.now[0])
            self._demands(number, step, mode, chosen)
            self._hours(number, mode, chosen)
        if not one:
            cp.add_exactly_one(self.in_mode[-1])

    def _demands(self, number: int, step: Step, mode: Mode, chosen: cp_model.IntVar) -> None:
        cp, taken = self.cp, {}
        held = step.now[1] if mode.mode == step.now[0] else frozenset()
        for demand, (quantity, lanes) in enumerate(mode.demands):
            whole, literals = len(lanes) == quantity, []
            for lane in lanes:
                literal = chosen if whole else cp.new_bool_var("")
                if not whole:
                    cp.add_hint(literal, lane in held)
                self.on[number][mode.mode, demand, lane] = literal
                taken.setdefault(lane, []).append(literal)
                literals.append(literal)
                self.on_lane[lane].append((number, literal))
                times = self.start[number], self.size[number], self.end[number]
                self.spans[lane].append(cp.new_optional_interval_var(*times, literal, ""))
            if not whole:
                cp.add(sum(literals) == quantity * chosen)
        for literals in taken.values():
            if len(literals) > 1:
                cp.add_at_most_one(literals)

    def _hours(self, number: int, mode: Mode, chosen: cp_model.IntVar) -> None:
        """The lanes decide the calendar, that and the start how long the step lasts."""
        cp, on = self.cp, self.on[number]
        one = len(mode.hours) == 1
        within = [chosen if one else cp.new_bool_var("") for _ in mode.hours]
        if not one:
            cp.add(sum(within) == chosen)
        sides: dict[tuple[int, tuple[int, ...]], cp_model.IntVar] = {}
        for together in mode.together:
            against = []
            for side in together.lanes.items():
                if side not in sides:
                    literals = [on[mode.mode, side[0], lane] for lane in side[1]]
                    sides[side] = literals[0] if len(literals) == 1 else cp.new_bool_var("")
                    if len(literals) > 1:
                        for literal in literals:
                            cp.add_implication(literal, sides[side])
                against.append(sides[side].negated())
            cp.add_bool_or([*against, *([within[together.hours]] if together.hours >= 0 else [])])
        for hours, literal in zip(mode.hours, within):
            lasts = [(z, literal if len(hours.lengths) == 1 else cp.new_bool_var("")) for z in hours.lengths]
            if len(lasts) > 1:
                cp.add(sum(choice for _, choice in lasts) == literal)
            for length, choice in lasts:
                cp.add(self.size[number] == length).only_enforce_if(choice)
                spans = [[low, high] for low, high in hours.lengths[length]]
                if len(spans) > 1 or spans[0] != [self.window.first, self.window.last]:
                    domain = cp_model.Domain.from_intervals(spans)
                    cp.add_linear_expression_in_domain(self.start[number], domain).only_enforce_if(choice)

    def _lane(self, number: int) -> None:
        """One at a time, setups between neighbours, and when what comes after may start."""
        cp, lane = self.cp, self.window.lanes[number]
        if lane.latest >= 0:
            self.free[number] = cp.new_int_var(self.window.first, lane.latest, "")
        blocks = [cp.new_fixed_size_interval_var(begin, end - begin, "") for begin, end, _ in lane.held]
        cp.add_no_overlap([*self.spans[number], *blocks])
        mine = self.on_lane[number]
        for step, literal in mine if lane.latest >= 0 else ():
            wait = self._setup(lane, self.window.steps[step].family, lane.after_family)
            cp.add(self.free[number] >= self.end[step] + wait).only_enforce_if(literal)
        if lane.setup is None:
            return
        for i, (step, literal) in enumerate(mine):
            family = self.window.steps[step].family
            for other, also in mine[:i]:
                if other != step:
                    theirs = self.window.steps[other].family
                    gaps = self._setup(lane, theirs, family), self._setup(lane, family, theirs)
                    span = self.start[other], self.end[other]
                    self._apart(step, span, gaps, [literal, also])
            for begin, end, theirs in lane.held:
                gaps = self._setup(lane, theirs, family), self._setup(lane, family, theirs)
                self._apart(step, (begin, end), gaps, [literal])

    def _apart(self, step: int, other: tuple, gaps: tuple[int, int], both: list[cp_model.IntVar]) -> None:
        """The step and another on its lane keep the setup between them, whichever comes first."""
        if not any(gaps):
            return
        later = self.cp.new_bool_var("")
        self.cp.add(self.start[step] >= other[1] + gaps[0]).only_enforce_if([*both, later])
        self.cp.add(other[0] >= self.end[step] + gaps[1]).only_enforce_if([*both, later.negated()])

    @staticmethod
    def _setup(lane: Lane, before: int, after: int) -> int:
        return 0 if lane.setup is None else lane.setup.get((before, after), 0)

    def _minimise(self) -> None:
        """What the ends of orders cost; where that rests on what follows the window, later than now costs more."""
        cp, terms = self.cp, []
        for aim in self.window.aims:
            last = max(length for _, _, length in aim.ways) + self.window.last
            least = max(0, aim.least - aim.due)
            late = cp.new_int_var(least, max(least, last - aim.due), "")
            over = cp.new_int_var(0, max(0, last - max(aim.now, aim.due)), "")
            for number, lane, length in aim.ways:
                since = self.free[number] if lane else self.end[number]
                cp.add(late >= since + (length - aim.due))
                if lane or length > 0:
                    cp.add(over >= since + (length - max(aim.now, aim.due)))
            terms.append(aim.weight * (late + HARDER * over))
        cp.minimize(sum(terms))

    def read(self, value) -> Answer:
        """What the solver, of which `value` tells the values, has found."""
        modes, lanes = [], []
        for step, in_mode, on in zip(self.window.steps, self.in_mode, self.on):
            mode = next(mode for mode, chosen in zip(step.modes, in_mode) if value(chosen))
            modes.append(mode.mode)
            taken = [(d, lane) for (m, d, lane), literal in on.items() if m == mode.mode and value(literal)]
            lanes.append([lane for _, lane in sorted(taken)])
        return Answer([value(start) for start in self.start], modes, lanes)


class Found(cp_model.CpSolverSolutionCallback):
    """Keeps the last few answers, each better than the one before."""

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.model, self.answers = model, []

    def on_solution_callback(self) -> None:
        """A better answer."""
        self.answers = [*self.answers[1 - MOST_FOUND :], self.model.read(self.value)]


def solved(window: Window, seed: int, work_s: float, time_left_s: float | None = None) -> list[Answer] | None:
    """Better and better answers (the last few) found in `work_s` of CP-SAT's deterministic time.

    None where the wall clock cut that short.
    """
    model = Model(window)
    solver = solver_of(work_s, seed, time_left_s, hasty=True)
    solver.parameters.max_presolve_iterations = 1
    solver.parameters.use_dynamic_precedence_in_disjunctive = True
    found = Found(model)
    status = solver.solve(model.cp, found)
    return None if cut_short(solver, status, time_left_s) else found.answers
