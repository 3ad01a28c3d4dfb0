"""A works of our own: bridge cranes and gear reducers, from a seed, with documented figures."""

from lineshaft.crane_works.works import generate, summary

__all__ = ["generate", "summary"]
