"""Tables: page, filter and sort them, read a row with everything that touches it, change rows, take them away."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Response
from pydantic import Field

from lineshaft.faces.desk.describing import title_of
from lineshaft.faces.desk.paging import OPERATORS, filters_of
from lineshaft.faces.desk.paging import Query as PageQuery
from lineshaft.faces.http.asking import (
    ApiRoute,
    AtDesk,
    Key,
    Language,
    Limit,
    Offset,
    Operation,
    TableName,
)
from lineshaft.faces.http.files import FILE, Kind, table_file
from lineshaft.faces.http.models import (
    ROWS_MAX,
    Asked,
    ChangesTold,
    KeyPart,
    Row,
    RowsTold,
    TableCount,
    TableTold,
    Told,
    Written,
    changes_told,
    page_told,
    row_told,
    rows_told,
)

router = APIRouter(prefix="/works/{works}/tables", route_class=ApiRoute, tags=["tables"])
PREVIEW_ROWS = 50


class RowTold(Told):
    """One row."""

    table: str
    row: Row


class LinkTold(Told):
    """Rows of a table that touch the object: they refer to it, or it to them."""

    table: str
    columns: list[str]
    role: Literal["to", "from"]
    rows: list[Row]
    found: int


class ThreadTold(Told):
    """One row with everything that touches it."""

    table: str
    key: list[str]
    row: Row
    links: list[LinkTold]


class RowsAsked(Asked):
    """Rows to insert or change by primary key. Columns that are not named stay as they are."""

    rows: Annotated[
        list[Annotated[Row, Field(min_length=1, max_length=200)]],
        Field(
            min_length=1,
            max_length=ROWS_MAX,
            examples=[[{"order_id": "WO-1001", "due": "2026-04-01T00:00:00Z"}]],
        ),
    ]


class KeysAsked(Asked):
    """Rows to take out, by primary key."""

    keys: Annotated[
        list[Annotated[list[KeyPart], Field(min_length=1, max_length=8)]],
        Field(min_length=1, max_length=ROWS_MAX, examples=[[["WO-1001"]]]),
    ]


def page_query(
    f: Annotated[
        list[str],
        Query(
            description=f"Conditions that all hold, `column:operator:value`; operators: {', '.join(OPERATORS)}.",
            examples=[["quantity:gt:10"]],
            max_length=50,
        ),
    ] = [],  # noqa: B006
    find: Annotated[str, Query(max_length=200, description="Text to find in any column.")] = "",
    sort: Annotated[
        list[str],
        Query(description="Columns to sort by; `-column` descends.", examples=[["-due"]], max_length=10),
    ] = [],  # noqa: B006
    offset: Offset = 0,
    limit: Limit = 100,
) -> PageQuery:
    """Which rows of a table."""
    return PageQuery(filters_of(f), find, tuple(sort), offset, limit)


Asking = Annotated[PageQuery, Depends(page_query)]
Preview = Annotated[bool, Query(description="Show what would change, write nothing.")]


@router.get("", summary="List the tables / 数据表列表")
def list_tables(desk: AtDesk) -> list[TableCount]:
    """Every table with its titles and how many of its rows the person may see."""
    told = []
    for name, rows in desk.tables().items():
        en, zh = title_of(name, desk.works.catalog.schemas[name])
        told.append(TableCount(table=name, en=en, zh=zh, rows=rows))
    return told


@router.get("/{table}", summary="Describe a table / 数据表说明")
def read_table(desk: AtDesk, table: TableName) -> TableTold:
    """Its columns with type, unit, labels, reference and choices."""
    return TableTold(**desk.describe_table(table))


@router.get("/{table}/rows", summary="One page of a table / 分页查询")
def read_rows(desk: AtDesk, table: TableName, query: Asking) -> RowsTold:
    """Rows filtered, searched and sorted; by primary key unless asked otherwise."""
    return page_told(desk.page(table, query))


@router.get("/{table}/row", summary="One row / 单行")
def read_row(desk: AtDesk, table: TableName, key: Key) -> RowTold:
    """The row with this primary key."""
    return RowTold(table=table, row=row_told(desk.row(table, tuple(key))))


@router.get("/{table}/thread", summary="One row and all that touches it / 关联追溯")
def read_thread(desk: AtDesk, table: TableName, key: Key) -> ThreadTold:
    """The row, what it refers to, and everything that refers to it (up to 200 rows of each)."""
    thread = desk.thread(table, tuple(key))
    return ThreadTold(
        table=table,
        key=[str(part) for part in thread.key],
        row=row_told(thread.row),
        links=[
            LinkTold(
                table=link.table,
                columns=list(link.columns),
                role=link.role,
                rows=rows_told(link.rows),
                found=link.found,
            )
            for link in thread.links
        ],
    )


@router.get("/{table}/file", summary="Download a table / 下载数据表", response_class=Response, responses=FILE)
def table_download(
    desk: AtDesk, table: TableName, kind: Kind = "xlsx", language: Language = "zh"
) -> Response:
    """The whole table, as far as the person may see it, in a file that an import reads back without loss."""
    frame = desk.frames(table)[table]
    return table_file(table, frame, desk.works.catalog.schemas[table], kind, language, desk.works.time_zone)


@router.post(
    "/{table}/rows", summary="Insert or change rows / 新增或修改行", response_model=Written | ChangesTold
)
def write_rows(
    desk: AtDesk, table: TableName, asked: RowsAsked, request: Operation, preview: Preview = False
) -> Any:
    """All or nothing; every broken rule is named with its row and column. With `preview` nothing is written."""
    frames = {table: desk.rows(table, asked.rows)}
    if preview:
        return changes_told(desk.preview_write(frames, "upsert"), PREVIEW_ROWS)
    done = desk.write(frames, "upsert", source="api", request=request)
    return Written(seq=done.seq, tables=done.counts)


@router.post("/{table}/rows/remove", summary="Take rows out / 删除行", response_model=Written | ChangesTold)
def remove_rows(
    desk: AtDesk, table: TableName, asked: KeysAsked, request: Operation, preview: Preview = False
) -> Any:
    """Refused as long as other rows refer to one of them. With `preview` nothing is written."""
    keys = [tuple(key) for key in asked.keys]
    if preview:
        return changes_told(desk.preview_remove(table, keys), PREVIEW_ROWS)
    done = desk.remove(table, keys, request=request)
    return Written(seq=done.seq, tables=done.counts)
