"""The tables of `site.db`. Moments are seconds since 1970, UTC."""

import sqlalchemy as sa

from lineshaft.store.system import EVENT

STEPS = ("ALTER TABLE site_token ADD COLUMN made_with TEXT",)
VERSION = len(STEPS) + 1
SITE = sa.MetaData()
AUDIT = EVENT.to_metadata(SITE)
for _verb in ("update", "delete"):
    _trigger = f"CREATE TRIGGER audit_no_{_verb} BEFORE {_verb} ON {AUDIT.name} BEGIN SELECT RAISE(ABORT, 'the audit trail only grows'); END"
    sa.event.listen(AUDIT, "after_create", sa.DDL(_trigger))  # type: ignore[no-untyped-call]


def _text(name: str, *, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=null)


def _moment(name: str, *, null: bool = False, index: bool = False) -> sa.Column[float]:
    return sa.Column(name, sa.Double, nullable=null, index=index)


def _key(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, primary_key=True)


def _person() -> sa.Column[str]:
    return sa.Column("name", sa.Text, sa.ForeignKey("site_person.name"), nullable=False, index=True)


META = sa.Table("site_meta", SITE, _key("key"), _text("value"))

WORKS = sa.Table("site_works", SITE, _key("works_id"), _text("place"), _text("title"), _moment("added"))

PERSON = sa.Table(
    "site_person",
    SITE,
    _key("name"),
    _text("title"),
    _text("password", null=True),
    sa.Column("admin", sa.Boolean, nullable=False),
    sa.Column("disabled", sa.Boolean, nullable=False),
    _moment("created"),
)

IDENTITY = sa.Table("site_identity", SITE, _key("issuer"), _key("subject"), _person())

SESSION = sa.Table(
    "site_session",
    SITE,
    _key("digest"),
    _person(),
    _text("method"),
    _moment("begun"),
    _moment("used"),
)

TOKEN = sa.Table(
    "site_token",
    SITE,
    _key("token_id"),
    _text("digest"),
    _person(),
    _text("label"),
    _text("works", null=True),
    _text("scope"),
    _moment("created"),
    _moment("expires"),
    _moment("revoked", null=True),
    _text("made_with", null=True),
)

GRANT = sa.Table(
    "site_grant",
    SITE,
    sa.Column("works_id", sa.Text, sa.ForeignKey("site_works.works_id"), primary_key=True),
    sa.Column("name", sa.Text, sa.ForeignKey("site_person.name"), primary_key=True),
    _text("role"),
    _text("row_filter"),
)

BUCKET = sa.Table("site_bucket", SITE, _key("key"), _moment("full_at", index=True))

ONCE = sa.Table(
    "site_once",
    SITE,
    _key("name"),
    _key("key"),
    _text("request_digest"),
    _text("worker"),
    _moment("lease_until"),
    sa.Column("attempt", sa.Integer, nullable=False),
    _moment("begun", index=True),
    sa.Column("status", sa.Integer),
    _text("headers"),
    sa.Column("body", sa.LargeBinary),
)

LINK = sa.Table("site_link", SITE, _key("digest"), _person(), _moment("expires"))
