"""`modelyard storage …`."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.filesize import decimal
from rich.markup import escape
from rich.table import Table

from ._session import client, out, refusals

app = typer.Typer(no_args_is_help=True, help="What the workspace keeps.")
_KINDS = {
    "run": "Runs",
    "logged_model": "Logged models",
    "version": "Model versions",
    "upload": "Uploads under way",
    "other": "Other",
}


@app.command()
@refusals
def show() -> None:
    """Show how much the workspace keeps, and how much of it nothing holds."""
    usage = client().storage.usage()
    table = Table("Kind", "Files", "Size", box=None)
    for share in usage.shares:
        table.add_row(
            _KINDS.get(share.kind, share.kind), str(share.files), decimal(share.size_bytes)
        )
    out.print(table)
    out.print(f"Stored {decimal(usage.stored_bytes)}; each content is kept once.")
    out.print(f"Nothing holds {usage.garbage} contents, {decimal(usage.garbage_bytes)}.")


@app.command()
@refusals
def collect(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would go.")] = False,
) -> None:
    """Remove content that nothing holds and whose grace is over; needs the role Admin."""
    found = client().storage.collect(dry_run=dry_run)
    for one in found.expired:
        out.print(
            escape(f"  {one['kind']} {one['name']}: {decimal(one['size_bytes'])}, from the bin")
        )
    for item in found.items:
        when = "next time" if item["is_due"] else f"after {item['goes_after'][:16]}Z"
        out.print(f"  {item['sha256']} {decimal(item['size_bytes'])}, {when}", soft_wrap=True)
    if found.is_dry_run:
        out.print(f"Would remove {found.due} contents, {decimal(found.due_bytes)}.")
    else:
        out.print(f"Removed {found.removed} contents, {decimal(found.removed_bytes)}.")
    if found.waiting:
        waiting = f"{found.waiting} contents, {decimal(found.waiting_bytes)}"
        out.print(f"Nothing holds {waiting} more; their grace is not over.")
