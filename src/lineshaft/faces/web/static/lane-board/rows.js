// Rows of the board: lanes under their groups, with folded groups as one row each; a work centre of one lane needs no row of its own.

/** Rows for a way of grouping ("kind", "centre", "bay" or "none"), one kind of lane ("": all) and folded group keys. */
export function rowsOf(book, grouping, kind, folded) {
  const groups = new Map();
  book.lanes.forEach((lane, at) => {
    if (kind && lane.kind !== kind) return;
    const key = grouping === "kind" ? `kind ${lane.kind}` : grouping === "centre" ? `centre ${lane.group}` : grouping === "bay" ? `bay ${lane.bay}` : "";
    if (!groups.has(key)) groups.set(key, { key, kind: lane.kind, centre: lane.group, bay: lane.bay, lanes: [] });
    groups.get(key).lanes.push(at);
  });
  const rows = [];
  for (const group of groups.values()) {
    group.headed = grouping === "kind" || grouping === "bay" || (grouping === "centre" && group.lanes.length > 1);
    if (group.headed) rows.push({ group, lane: -1 });
    if (!group.headed || !folded.has(group.key)) for (const lane of group.lanes) rows.push({ group, lane });
  }
  return rows;
}

/** Where each lane is among the rows: lane → row, without the lanes of folded groups. */
export function rowOfLane(rows) {
  return new Map(rows.map((row, at) => [row.lane, at]).filter(([lane]) => lane >= 0));
}
