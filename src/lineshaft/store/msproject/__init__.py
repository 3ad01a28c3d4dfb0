"""Microsoft Project files (MSPDI XML) as a works."""

from lineshaft.store.msproject.tables import read_msproject

__all__ = ["read_msproject"]
