"""Tables on the console."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Prints a table of text; nothing where there are no rows."""
    # Not at import: rich takes a tenth of a second, which `--help` need not wait for.
    from rich.console import Console
    from rich.table import Table

    table = Table(*columns)
    for row in rows:
        table.add_row(*row)
    if table.row_count:
        Console().print(table)
