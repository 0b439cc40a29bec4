"""`engine register acts|contracts …`: the registers of the company. What each command does is in its own file."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

from engine.cli.options import Options, shared_options

# Command → its module here, the command's name in it, its line in `--help`.
_ACTIONS: Mapping[str, tuple[str, str, str]] = {
    "list": ("register_list", "list_command", "List what meets a filter, with sums."),
    "export": ("register_list", "export_command", "Write what meets a filter as xlsx or csv."),
    "remind": ("register_remind", "command", "Remind each client of all unsigned acts; plan first."),
    "print": ("register_papers", "print_command", "Bind the papers of a selection into one PDF."),
    "zip": ("register_papers", "zip_command", "Put the papers of a selection into an archive."),
    "run": ("register_run", "command", "Raise a command of the regulations for a selection."),
}
_ONLY_ACTS = frozenset({"remind"})


class _Lazy(click.Group):
    """A group that imports a subcommand when it is called, not when it is listed."""

    def __init__(self, table: Mapping[str, tuple[str, str, str]], **more: Any) -> None:
        super().__init__(**more)
        self._table = table

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 — click's own signature
        """Return the names in the order in which a newcomer needs them."""
        return [*self._table, *self.commands]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a command, or None where there is no such command."""
        if cmd_name not in self._table:
            return super().get_command(ctx, cmd_name)
        module, name, _ = self._table[cmd_name]
        found = getattr(import_module(f"engine.cli.{module}"), name)
        assert isinstance(found, click.Command)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands by the table: `--help` imports none of them."""
        rows = [(name, line) for name, (_, _, line) in self._table.items()]
        rows += [(name, one.get_short_help_str()) for name, one in self.commands.items()]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


_IMPORT = {"import": ("register_import", "command", "Take old files into the register; plan first.")}


@click.group("register", cls=_Lazy, table=_IMPORT)
@shared_options
@click.pass_context
def command(ctx: click.Context, given: Options) -> None:
    """All acts or contracts of the company: filters, sums, exports, and actions on a selection."""
    ctx.obj = given


def _group(name: str, doc: str) -> click.Group:
    table = {key: one for key, one in _ACTIONS.items() if name == "acts" or key not in _ONLY_ACTS}

    @click.group(name, cls=_Lazy, table=table, help=doc)
    @shared_options
    @click.pass_context
    def group(ctx: click.Context, given: Options) -> None:
        ctx.obj = given

    return group


command.add_command(_group("acts", "The register of acts."))
command.add_command(_group("contracts", "The register of contracts."))
