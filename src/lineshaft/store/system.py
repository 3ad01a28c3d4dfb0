"""The works' own bookkeeping tables, beside the tables of the vocabulary."""

import sqlalchemy as sa

from lineshaft.store.sql import TEXT

VERSION = 2
SYSTEM = sa.MetaData()


def _text(name: str, *, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, TEXT, nullable=null)


META = sa.Table("ls_meta", SYSTEM, sa.Column("key", TEXT, primary_key=True), _text("value"))

TABLE = sa.Table(
    "ls_table",
    SYSTEM,
    sa.Column("name", TEXT, primary_key=True),
    _text("digest"),
    sa.Column("rows", sa.Integer, nullable=False),
    _text("columns"),
)

VERSIONS = sa.Table(
    "ls_version", SYSTEM, sa.Column("digest", TEXT, primary_key=True), _text("blob"), _text("table")
)

EVENT = sa.Table(
    "ls_event",
    SYSTEM,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    _text("recorded"),
    _text("valid"),
    _text("actor"),
    _text("action"),
    sa.Column("cause", sa.Integer),
    _text("run_id"),
    _text("payload"),
    _text("payload_digest"),
    _text("leaf"),
)

RUN = sa.Table(
    "ls_run",
    SYSTEM,
    sa.Column("no", sa.Integer, primary_key=True, autoincrement=False),
    _text("kind"),
    _text("engine"),
    sa.Column("engine_version", sa.Integer, nullable=False),
    _text("lineshaft_version"),
    _text("actor"),
    _text("params"),
    _text("limits"),
    _text("overlay"),
    _text("inputs"),
    _text("basis"),
    _text("input_digest"),
    sa.Column("key", TEXT, nullable=False, index=True),
    _text("status"),
    _text("created"),
    _text("started", null=True),
    _text("ended", null=True),
    _text("stopped_by", null=True),
    sa.Column("work", sa.Float),
    _text("result_status", null=True),
    _text("kpis", null=True),
    _text("result_blob", null=True),
    _text("result_digest", null=True),
    _text("error", null=True),
)

JOB = sa.Table(
    "ls_job",
    SYSTEM,
    sa.Column("no", sa.Integer, sa.ForeignKey("ls_run.no"), primary_key=True, autoincrement=False),
    _text("state"),
    _text("worker"),
    sa.Column("lease_until", sa.Float, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("cancel", sa.Boolean, nullable=False),
    sa.Column("fraction", sa.Float, nullable=False),
    _text("en"),
    _text("zh"),
)

ACCEPT = sa.Table(
    "ls_accept",
    SYSTEM,
    sa.Column("no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("run", sa.Integer, sa.ForeignKey("ls_run.no"), nullable=False),
    sa.Column("seq", sa.Integer, sa.ForeignKey("ls_event.seq"), nullable=False),
    _text("actor"),
    _text("at"),
    _text("tables"),
    sa.Column("undone_seq", sa.Integer, sa.ForeignKey("ls_event.seq")),
)

ONCE = sa.Table("ls_once", SYSTEM, sa.Column("request", TEXT, primary_key=True), _text("answer"))

GROWS_SQLITE = tuple(
    f"CREATE TRIGGER ls_event_no_{verb} BEFORE {verb} ON ls_event "
    "BEGIN SELECT RAISE(ABORT, 'the event log only grows'); END"
    for verb in ("update", "delete")
)
GROWS_POSTGRES = (
    "CREATE FUNCTION ls_event_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
    "RAISE EXCEPTION 'the event log only grows' USING ERRCODE = 'integrity_constraint_violation'; END $$",
    "CREATE TRIGGER ls_event_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON ls_event "
    "FOR EACH STATEMENT EXECUTE FUNCTION ls_event_only_grows()",
)
for dialect, statements in (("sqlite", GROWS_SQLITE), ("postgresql", GROWS_POSTGRES)):
    for statement in statements:
        sa.event.listen(EVENT, "after_create", sa.DDL(statement).execute_if(dialect=dialect))  # type: ignore[no-untyped-call]
