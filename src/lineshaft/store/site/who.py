"""Who asks, and what they may do: five actions, five roles, row filters for partners."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from lineshaft.core import Words
from lineshaft.store.site.filters import RowFilter

ACTIONS: tuple[str, ...] = ("read", "write", "plan", "accept", "admin")
ROLES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "viewer": frozenset({"read"}),
        "partner": frozenset({"read"}),
        "planner": frozenset({"read", "write", "plan"}),
        "manager": frozenset({"read", "write", "plan", "accept"}),
        "admin": frozenset(ACTIONS),
    }
)
ROLE_WORDS: Mapping[str, Words] = MappingProxyType(
    {
        "viewer": Words("viewer", "查看"),
        "partner": Words("partner", "合作方"),
        "planner": Words("planner", "计划员"),
        "manager": Words("manager", "主管"),
        "admin": Words("administrator", "管理员"),
    }
)
EVERYTHING = frozenset(ACTIONS)


@dataclass(frozen=True)
class Who:
    """A person as one request sees them.

    Parameters
    ----------
    name
        Sign-in name.
    roles
        Works id → role. A site's administrator has the role "admin" on every works without an entry here.
    admin
        Administers the whole site: people, grants, works.
    scope
        The actions that the token in use allows; all of them in a session.
    filters
        Works id → row filter, for partners.
    token_works
        The works that the token in use is for; None for every works of the person.
    token
        Label and id of the token in use, for the audit trail; "" in a session.
    token_id
        Its id alone.
    """

    name: str
    roles: Mapping[str, str] = field(default_factory=dict)
    admin: bool = False
    scope: frozenset[str] = EVERYTHING
    filters: Mapping[str, RowFilter] = field(default_factory=dict)
    token_works: frozenset[str] | None = None
    token: str = ""
    token_id: str = ""

    def role(self, works_id: str) -> str | None:
        """The role on a works, None where the person may not even know of it."""
        if self.token_works is not None and works_id not in self.token_works:
            return None
        return "admin" if self.admin else self.roles.get(works_id)

    def actions(self, works_id: str) -> frozenset[str]:
        """What may be done with a works."""
        return ROLES.get(self.role(works_id) or "", frozenset()) & self.scope

    def may(self, works_id: str, action: str) -> bool:
        """True when the person may do `action` with a works."""
        return action in self.actions(works_id)

    def row_filter(self, works_id: str) -> RowFilter | None:
        """The row filter that holds on a works; None: every row is seen."""
        return self.filters.get(works_id) if self.role(works_id) == "partner" else None

    @property
    def governs(self) -> bool:
        """True when the person may administer the site itself; a token for single works never may."""
        return self.admin and "admin" in self.scope and self.token_works is None
