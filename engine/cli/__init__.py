"""The command `engine`: its subcommands by name, and what becomes of a person's mistake.

Knows which file holds which command and imports it only when it is asked for: `engine simulate` must start without
Flask, Typst and the rest. What a command does is in its own file.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

import click

from engine import __version__
from engine.action import PluginError
from engine.cli.mistakes import USAGE, Mistake, code_of, describe
from engine.cli.options import Options, find_language, shared_options

COMMANDS: Mapping[str, tuple[str, str]] = {
    "init": ("initialise", "Write a company's folder: config, regulations, plugins, editor schema."),
    "check": ("check", "Check the regulations as the server would, and more."),
    "simulate": ("simulate", "Show what an event would lead to. Nothing is done."),
    "serve": ("serve", "Run the engine: webhook endpoint, runtime, watcher, console."),
    "demo": ("demo", "Start the emulated portal, the engine and the console together."),
    "emulate": ("emulate", "Start the emulated portal alone."),
    "runs": ("runs", "Read the journal: what happened and why."),
    "why": ("why", "Say why something did not happen to an item."),
    "queue": ("queue", "List what waits for people; answer a question."),
    "pause": ("pause", "Stop acting before the next step; events wait."),
    "resume": ("resume", "Go on after a pause, or release a rule's brake."),
    "people": ("people", "Say who may sign in to the console."),
    "portal": ("portal", "Check, map and set up the live portal; look for missed changes."),
    "register": ("register", "List, export and act on all acts or contracts."),
    "report": ("report", "Paid without an act, signed without payment, reminders so far."),
    "mail": ("mail", "Check the mail server and the mailbox; send a test letter."),
    "backfill": ("backfill", "Apply a rule to items in its state already; plan first."),
    "bank": ("bank", "Take bank statements in; decide doubtful lines."),
    "run": ("run", "Raise a command of the regulations for items."),
    "backup": ("backup", "Write the state to one file, beside a running engine."),
    "restore": ("restore", "Put a backup in the place of the state."),
    "plugins": ("plugins", "List every plugin, its actions and their parameters."),
    "schema": ("schema", "Print the editor's JSON Schema of a regulation file."),
    "explain": ("explain", "Print the page of a diagnostic's code."),
    "bench": ("bench", "Measure the product on this machine."),
}
"""Command → its module here (whose `command` it is) and its line in `engine --help`."""

INTERRUPTED = 130


class Commands(click.Group):
    """A group that imports a subcommand when it is called, not when it is listed."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 — click's own signature
        """Return the names in the order in which a newcomer needs them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import and return a command, or None where there is no such command."""
        if cmd_name not in COMMANDS:
            return None
        found = import_module(f"engine.cli.{COMMANDS[cmd_name][0]}").command
        assert isinstance(found, click.Command)
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command named. Raises Mistake that names the nearest one where there is none."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            raise Mistake("no_command_near" if near else "no_command", what=args[0], near=", ".join(near))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands by the table above: `--help` imports none of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,  # noqa: FBT001, FBT002 — click's own signature
        **extra: Any,
    ) -> Any:
        """Run a command line and exit: 0, 1 where it found errors, 2 for a mistake in its use, 130 for Ctrl-C.

        A person's mistake is one line in their language on stderr; anything unexpected travels up.
        """
        given = list(sys.argv[1:] if args is None else args)

        def run() -> Any:
            return super(Commands, self).main(given, prog_name, complete_var, standalone_mode=False, **extra)

        if not standalone_mode:
            return run()
        try:
            code = run()
        except click.exceptions.NoArgsIsHelpError as asked:
            asked.show()
            code = USAGE
        except click.Abort:
            code = INTERRUPTED
        except (click.ClickException, OSError, PluginError) as error:
            line = describe(error, find_language(given))
            if line is None:
                raise
            click.echo(line, err=True)
            code = code_of(error)
        sys.exit(code if isinstance(code, int) else 0)


@click.group("engine", cls=Commands)
@click.version_option(__version__, message=f"reglament {__version__}")
@shared_options
@click.pass_context
def main(ctx: click.Context, given: Options) -> None:
    """Reglament: regulations in YAML, carried out on a Bitrix24 portal."""
    ctx.obj = given
