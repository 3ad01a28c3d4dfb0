"""A site: the folder a workbench serves, with its works and the people who may use them."""

from lineshaft.store.site.audit import AuditEntry
from lineshaft.store.site.filters import RowFilter
from lineshaft.store.site.grants import Grant
from lineshaft.store.site.once import Fresh, InProgress, OtherRequest, Stored
from lineshaft.store.site.sessions import Session
from lineshaft.store.site.site import Site, WorksEntry
from lineshaft.store.site.tokens import Token
from lineshaft.store.site.who import ACTIONS, ROLES, Who

__all__ = [
    "ACTIONS",
    "ROLES",
    "AuditEntry",
    "Fresh",
    "Grant",
    "InProgress",
    "OtherRequest",
    "RowFilter",
    "Session",
    "Site",
    "Stored",
    "Token",
    "Who",
    "WorksEntry",
]
