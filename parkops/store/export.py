"""Write what the store holds as CSV or Parquet, a batch of rows at a time."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from parkops.errors import MachineError
from parkops.model import Event, State
from parkops.sketch import Sketch

if TYPE_CHECKING:
    from parkops.store.store import Store

BATCH = 50_000
FORMATS = ("csv", "parquet")
Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Columns with their types (string, double, int64), and how to read the rows of a window."""

    columns: tuple[tuple[str, str], ...]
    rows: Callable[[Store, float, float], Iterator[Row]]


def _intervals(store: Store, since_s: float, until_s: float) -> Iterator[Row]:
    for item in store.intervals(since_s=since_s, until_s=until_s):
        yield item.target, item.start_s, item.end_s, item.state.value, item.reason, int(item.open)


def _rollups(store: Store, since_s: float, until_s: float) -> Iterator[Row]:
    for item in store.rollups(since_s, until_s):
        sketch = Sketch.load(item.sketch)
        quantiles = [sketch.quantile(share) for share in (0.5, 0.95, 0.99)]
        yield (
            item.target, item.name, item.start_s, item.count, item.ok, item.lost, item.minimum, item.mean,
            item.maximum, item.last, *quantiles,
        )  # fmt: skip


def _events(store: Store, since_s: float, until_s: float) -> Iterator[Row]:
    for event in store.events():
        ended_s = event.closed_s
        if event.opened_s <= until_s and (ended_s is None or ended_s >= since_s):
            yield tuple(getattr(event, name) for name, _ in _EVENT_COLUMNS)


def _raw(store: Store, since_s: float, until_s: float) -> Iterator[Row]:
    for sample in store.raw(since_s, until_s):
        yield sample.target, sample.time_s, sample.state.value, sample.rtt_s


def _kind(annotation: object) -> str:
    text = str(annotation)
    return "double" if text.startswith("float") else "int64" if text.startswith("int") else "string"


_EVENT_COLUMNS = tuple((field.name, _kind(field.type)) for field in fields(Event))

TABLES: Mapping[str, Table] = {
    "intervals": Table(
        (("target", "string"), ("start_s", "double"), ("end_s", "double"), ("state", "string"),
         ("reason", "string"), ("open", "int64")),
        _intervals,
    ),
    "rollups": Table(
        (("target", "string"), ("name", "string"), ("start_s", "double"), ("count", "int64"),
         ("ok", "int64"), ("lost", "int64"), ("minimum", "double"), ("mean", "double"),
         ("maximum", "double"), ("last", "double"), ("p50", "double"), ("p95", "double"), ("p99", "double")),
        _rollups,
    ),
    "events": Table(_EVENT_COLUMNS, _events),
    "raw": Table(
        (("target", "string"), ("time_s", "double"), ("state", "string"), ("rtt_s", "double")), _raw
    ),
}  # fmt: skip


def write_csv(table: Table, rows: Iterable[Row], file: IO[str]) -> int:
    """Write rows with a head line; return how many."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(name for name, _ in table.columns)
    count = 0
    for row in rows:
        writer.writerow("" if value is None else _text(value) for value in row)
        count += 1
    return count


def _text(value: object) -> object:
    return value.value if isinstance(value, State) else value


def write_parquet(table: Table, rows: Iterator[Row], path: Path) -> int:
    """Write a Parquet file, whole or not at all; MachineError where pyarrow is missing."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        hint = "pip install 'parkops[parquet]', or write CSV"
        raise MachineError("Parquet needs pyarrow", where=str(path), hint=hint) from error
    kinds = {"string": pa.string(), "double": pa.float64(), "int64": pa.int64()}
    schema = pa.schema([(name, kinds[kind]) for name, kind in table.columns])
    partial = path.with_name(f".{path.name}.part")
    count = 0
    try:
        with partial.open("wb") as file, pq.ParquetWriter(file, schema, compression="zstd") as writer:
            while batch := list(islice(rows, BATCH)):
                columns = [list(column) for column in zip(*batch, strict=True)]
                writer.write_table(pa.table(columns, schema=schema))
                count += len(batch)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return count
