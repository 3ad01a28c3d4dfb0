"""CP-SAT run so that the same model gives the same answer: one worker, a limit of deterministic time, a seed."""

from __future__ import annotations

from ortools.sat.python import cp_model


def solver_of(
    work_s: float, seed: int = 0, time_left_s: float | None = None, hasty: bool = False
) -> cp_model.CpSolver:
    """A solver that stops after `work_s` of CP-SAT's deterministic time, or of the clock.

    `hasty`: without linear relaxation, probing and symmetry, which cost small models of a search more than they bring.
    """
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = seed
    solver.parameters.max_deterministic_time = work_s
    if time_left_s is not None:
        solver.parameters.max_time_in_seconds = max(0.01, time_left_s)
    if hasty:
        solver.parameters.linearization_level = 0
        solver.parameters.cp_model_probing_level = 0
        solver.parameters.symmetry_level = 0
    return solver


def cut_short(solver: cp_model.CpSolver, status: cp_model.CpSolverStatus, time_left_s: float | None) -> bool:
    """True when the clock ended a run, so that nothing of it may be used."""
    done = status in (cp_model.OPTIMAL, cp_model.INFEASIBLE)
    return not done and time_left_s is not None and solver.wall_time >= time_left_s
