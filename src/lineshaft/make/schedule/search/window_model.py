"""A window of a plan in CP-SAT's terms: which mode, which lanes and when for each of its steps, all else standing still.

Time is *even* time (see `windows.Clock`), in which a mode lasts as long wherever it stands. What follows the window is
there as ways: the longest way from the end of a step, or from the next start on a lane, to the end of each order.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from ortools.sat.python import cp_model

MOST_FOUND = 6


class Choice(NamedTuple):
    """One lane for one demand of a mode, and what the step lasts there at least (even time)."""

    demand: int
    lane: int
    lasts: int


class Mode(NamedTuple):
    """A way to do a step: lanes to choose from, how many for each demand, and what it lasts at least (even time)."""

    mode: int
    lasts: int
    choices: list[Choice]
    quantity: dict[int, int]


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
    """A lane that steps may take: the spans held by others with their families, setups, and what comes after.

    `after` may start once the lane is left (None: nothing follows); `setup` between families, None: never any.
    """

    held: list[tuple[int, int, int]]
    setup: dict[tuple[int, int], int] | None
    after_family: int


class Aim(NamedTuple):
    """A figure to be made small: `weight` · max(0, end - `due`), where end is at least `least` and as late as any way.

    Ways: (step or lane, True for a lane, length).
    """

    weight: int
    due: int
    least: int
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
        lasts = [max([mode.lasts, *(choice.lasts for choice in mode.choices)]) for mode in step.modes]
        least = min(mode.lasts for mode in step.modes)
        start = cp.new_int_var(step.earliest, step.latest_start, "")
        end = cp.new_int_var(step.earliest + least, step.latest_end, "")
        size = cp.new_int_var(least, max(lasts), "")
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
            if mode.lasts > least:
                cp.add(size >= mode.lasts).only_enforce_if(chosen)
            self._choices(number, step, mode, chosen)
        if not one:
            cp.add_exactly_one(self.in_mode[-1])

    def _choices(self, number: int, step: Step, mode: Mode, chosen: cp_model.IntVar) -> None:
        cp, taken = self.cp, {}
        held = step.now[1] if mode.mode == step.now[0] else frozenset()
        for demand, quantity in mode.quantity.items():
            choices = [choice for choice in mode.choices if choice.demand == demand]
            whole, literals = len(choices) == quantity, []
            for choice in choices:
                literal = chosen if whole else cp.new_bool_var("")
                if not whole:
                    cp.add_hint(literal, choice.lane in held)
                if choice.lasts > mode.lasts:
                    cp.add(self.size[number] >= choice.lasts).only_enforce_if(literal)
                self.on[number][mode.mode, demand, choice.lane] = literal
                taken.setdefault(choice.lane, []).append(literal)
                literals.append(literal)
                self.on_lane[choice.lane].append((number, literal))
                self.spans[choice.lane].append(
                    cp.new_optional_interval_var(
                        self.start[number], self.size[number], self.end[number], literal, ""
                    )
                )
            if not whole:
                cp.add(sum(literals) == quantity * chosen)
        for literals in taken.values():
            if len(literals) > 1:
                cp.add_at_most_one(literals)

    def _lane(self, number: int) -> None:
        """One at a time, setups between neighbours, and when what comes after may start."""
        cp, lane = self.cp, self.window.lanes[number]
        self.free[number] = cp.new_int_var(self.window.first, self.window.last, "")
        blocks = [cp.new_fixed_size_interval_var(begin, end - begin, "") for begin, end, _ in lane.held]
        cp.add_no_overlap([*self.spans[number], *blocks])
        mine = self.on_lane[number]
        for step, literal in mine:
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
        terms = []
        for aim in self.window.aims:
            late = self.cp.new_int_var(max(0, aim.least - aim.due), max(0, aim.least - aim.due, 1 << 30), "")
            for number, lane, length in aim.ways:
                since = self.free[number] if lane else self.end[number]
                self.cp.add(late >= since + (length - aim.due))
            terms.append(aim.weight * late)
        self.cp.minimize(sum(terms))

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


def solved(window: Window, seed: int, work_s: float) -> list[Answer]:
    """Better and better answers (the last few) found in `work_s` of CP-SAT's deterministic time."""
    model = Model(window)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = seed
    solver.parameters.max_deterministic_time = work_s
    solver.parameters.linearization_level = 0
    solver.parameters.cp_model_probing_level = 0
    solver.parameters.symmetry_level = 0
    found = Found(model)
    solver.solve(model.cp, found)
    return found.answers
