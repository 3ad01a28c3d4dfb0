"""The store: a works as a folder, its runs and decisions, and the ways in and out of it."""

from lineshaft.store.accept import AcceptRecord, Undone
from lineshaft.store.overlay import Cell
from lineshaft.store.records import RunRecord
from lineshaft.store.state import Change, Preview, TableChange
from lineshaft.store.works import Works

__all__ = ["AcceptRecord", "Cell", "Change", "Preview", "RunRecord", "TableChange", "Undone", "Works"]
