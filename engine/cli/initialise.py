"""`engine init DIR`: a company's folder to start from. Never overwrites: what exists is left and named."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from engine.cli.new_folder import ENVIRONMENT, PLUGINS_README
from engine.cli.opening import CONFIG, EXAMPLE, PLUGINS, REGULATIONS, Opening, pass_opening
from engine.cli.options import Options
from engine.cli.schema import schema_text

EXAMPLES = f"{REGULATIONS}/examples/"
SCHEMA = ".engine/regulation.schema.json"


@click.command("init")
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path))
@pass_opening
def command(opening: Opening, directory: Path) -> None:
    """Write config.yaml, regulations/, plugins/, .env.example and the editor's schema into DIR.

    Files that exist are left as they are and named on stderr.
    """
    directory.mkdir(parents=True, exist_ok=True)
    examples = 0
    for name, content in _contents(opening):
        file = directory / name
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            with file.open("xb") as new:
                new.write(content)
        except FileExistsError:
            opening.say("left", name=str(file))
        else:
            # A page of names would hide the few that matter.
            is_example = name.startswith(EXAMPLES)
            examples += is_example
            if not is_example:
                opening.say("written", name=str(file))
    if examples:
        opening.say("written_folder", name=str(directory / EXAMPLES), count=str(examples))
    opening.say("next_steps", env=str(directory / ".env"), config=str(directory / CONFIG))


def _contents(opening: Opening) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the bytes of each file of a new folder."""
    from engine.workshop import shipped_folder

    shipped = shipped_folder()
    yield CONFIG, (shipped / EXAMPLE).read_bytes()
    for file in sorted((shipped / REGULATIONS).rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts:
            yield file.relative_to(shipped).as_posix(), file.read_bytes()
    yield f"{PLUGINS}/README.md", PLUGINS_README.encode()
    yield ".env.example", ENVIRONMENT.encode()
    # The company's own plugins are not there yet, so the schema is that of the shipped actions.
    example = Opening(Options(shipped / EXAMPLE, opening.language))
    yield SCHEMA, schema_text(example.workshop()).encode()
