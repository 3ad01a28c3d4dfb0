"""Lineshaft: the tables a machinery works has, turned into decisions that people can check, accept and trace."""

__version__ = "0.1.0"
