"""Tables on the console."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

# Of a table that goes into a pipe: as wide as its content, whatever rich takes for the width of a terminal.
UNBOUNDED = 10_000


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Prints a table of text; nothing where there are no rows. A pipe gets whole columns and no control codes."""
    # Not at import: rich takes a tenth of a second, which `--help` need not wait for.
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    in_terminal = sys.stdout.isatty()
    table = Table(*columns, box=box.ROUNDED if in_terminal else box.ASCII2)
    for row in rows:
        # As it is: brackets in a file name are no markup.
        table.add_row(*map(Text, row))
    if table.row_count:
        Console(width=None if in_terminal else UNBOUNDED).print(table)
