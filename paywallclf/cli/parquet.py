"""Parquet files: rows in, one group at a time, and rows out, in parts that are joined when all are there."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from paywallclf.cli.compression import needed
from paywallclf.cli.reading import Event, Failure, Input, page_of
from paywallclf.cli.writing import json_text

#: Rows that are taken from a file at once.
_BATCH = 64

#: Bytes of each column that are read ahead.
_BUFFER = 1 << 20

#: HTML takes a third of what pyarrow's default leaves.
_COMPRESSION = "zstd"

#: What pyarrow raises when a value does not fit a column, or a file is damaged; its own errors derive from these.
_MISFITS = (ValueError, TypeError, OverflowError, NotImplementedError)


def _arrow() -> Any:
    return needed("pyarrow", "parquet", "Parquet")


def _parquet() -> Any:
    return needed("pyarrow.parquet", "parquet", "Parquet")


# -- in --------------------------------------------------------------------------------------------------------------------


def read(source: Input) -> Iterator[Event]:
    """The pages of a Parquet file, from its column html or text. A row group that is damaged becomes one Failure."""
    if source.name == "-":
        raise OSError("Parquet cannot be read from standard input: give the path of a file")
    try:
        # a row group is then read as its rows are taken, and not held whole: it may be the whole file
        file = _parquet().ParquetFile(source.name, buffer_size=_BUFFER, pre_buffer=False)
    except _MISFITS as error:
        raise OSError(f"no Parquet file that can be read: {error}") from None
    end = 0
    with file:
        for group in range(file.num_row_groups):
            number, end = end, end + file.metadata.row_group(group).num_rows
            try:
                for batch in file.iter_batches(_BATCH, row_groups=[group]):
                    for row in _rows(batch):
                        number += 1
                        yield page_of(source, f"{source.name}:{number}", number, row)
            except (OSError, *_MISFITS) as error:
                yield Failure(source, f"{source.name}:{number + 1}-{end}", f"damaged rows: {error}", end)


def _rows(batch: Any) -> list[dict[str, Any]]:
    """The rows; times to the microsecond, which is what Python has."""
    arrow = _arrow()
    for place, column in enumerate(batch.schema):
        if arrow.types.is_timestamp(column.type) and column.type.unit == "ns":
            coarser = batch.column(place).cast(arrow.timestamp("us", column.type.tz), safe=False)
            batch = batch.set_column(place, column.name, coarser)
    rows: list[dict[str, Any]] = batch.to_pylist()
    return rows


def types_of(inputs: Iterable[Input]) -> dict[str, Any]:
    """The type of each column that the Parquet inputs have, for those on which they agree."""
    types: dict[str, Any] = {}
    for source in inputs:
        if source.form == "parquet":
            try:
                schema = _parquet().read_schema(source.name)
            except (OSError, *_MISFITS):  # reading the rows will say so
                continue
            for column in schema:
                if column.name in ("html", "text") and column.type not in (_arrow().string(), _arrow().large_string()):
                    continue  # bytes, which are decoded
                types[column.name] = column.type if types.get(column.name, column.type) == column.type else None
    return {name: kind for name, kind in types.items() if kind is not None}


# -- out -------------------------------------------------------------------------------------------------------------------


class ParquetSink:
    """A Parquet file that is written in parts, one a checkpoint: the format cannot be continued once it is interrupted.

    Parameters
    ----------
    path : Path
        It appears when all rows are written; until then the parts lie beside it in a folder.
    place : int
        How many parts of an interrupted run are good.
    types : mapping of str to pyarrow.DataType
        Of columns that the input has. The others' types are found from their values; a column whose values
        have no common type is written as text, in JSON where a value is not a string.
    """

    def __init__(self, path: Path, place: int, types: Mapping[str, Any]) -> None:
        self._path, self._folder = path, path.with_name(path.name + ".parts")
        self._parts, self._types = place, types
        self._waiting: list[Mapping[str, Any]] = []
        if not place:
            shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(exist_ok=True)

    def write(self, row: Mapping[str, Any]) -> int:
        """Take a row; gives its size, about."""
        self._waiting.append(row)
        return sum(len(value) for value in row.values() if isinstance(value, (str, list)))

    def checkpoint(self) -> int:
        """Write what waits as a part; gives the number of parts."""
        if self._waiting:
            table = _table(self._waiting, self._types)
            with self._part(self._parts).open("wb") as file:
                _parquet().write_table(table, file, compression=_COMPRESSION)
                file.flush()
                os.fsync(file.fileno())
            self._parts += 1
            self._waiting = []
        return self._parts

    def _part(self, number: int) -> Path:
        return self._folder / f"{number:06}.part"

    def finish(self) -> None:
        """Join the parts, each as a row group, to the file."""
        self.checkpoint()
        parts = [self._part(number) for number in range(self._parts)]
        schema = _common_schema([_parquet().read_schema(part) for part in parts])
        joined = self._folder / "joined"
        with joined.open("wb") as file:
            with _parquet().ParquetWriter(file, schema, compression=_COMPRESSION) as writer:
                for part in parts:
                    writer.write_table(_as(schema, _parquet().read_table(part)))
            file.flush()
            os.fsync(file.fileno())
        os.replace(joined, self._path)

    def tidy(self) -> None:
        """Delete the parts."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def release(self) -> None:
        """Leave the parts to the next run."""


def _table(rows: Sequence[Mapping[str, Any]], types: Mapping[str, Any]) -> Any:
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = [_column([row.get(name) for row in rows], types.get(name)) for name in names]
    return _arrow().table(columns, names=names)


def _column(values: list[Any], wanted: Any = None) -> Any:
    for kind in (wanted, None):
        try:
            column = _arrow().array(values, kind)
        except _MISFITS:
            continue
        if not _holds_nothing(column.type):
            return column
    return _arrow().array([value if value is None else _as_text(value) for value in values], _arrow().string())


def _as_text(value: Any) -> str:
    text = value if isinstance(value, str) else json_text(value)
    return text.encode("utf-8", "replace").decode("utf-8")  # lone surrogates, which Parquet has no place for


def _holds_nothing(kind: Any) -> bool:
    """Whether a type is a structure without fields, or has one inside: Parquet cannot hold that."""
    inside = [kind.field(place).type for place in range(kind.num_fields)]
    return (_arrow().types.is_struct(kind) and not inside) or any(map(_holds_nothing, inside))


def _common_schema(schemas: Sequence[Any]) -> Any:
    arrow = _arrow()
    found: dict[str, Any] = {}
    for schema in schemas:
        for column in schema:
            kind = found.get(column.name, column.type)
            try:
                pair = [arrow.schema([(column.name, other)]) for other in (kind, column.type)]
                kind = arrow.unify_schemas(pair, promote_options="permissive").field(0).type
            except _MISFITS:
                kind = arrow.string()
            found[column.name] = kind
    return arrow.schema(list(found.items()))


def _as(schema: Any, table: Any) -> Any:
    """The table with the columns of a schema that is common to it and others."""
    arrow = _arrow()
    columns = []
    for column in schema:
        if column.name not in table.column_names:
            columns.append(arrow.nulls(table.num_rows, column.type))
        elif (present := table.column(column.name)).type == column.type:
            columns.append(present)
        else:
            values = present.to_pylist()
            if column.type == arrow.string():
                values = [value if value is None else _as_text(value) for value in values]
            columns.append(arrow.array(values, column.type))
    return arrow.table(columns, schema=schema)
