"""Which first names (`act`, a result's name) the parts of an action call use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from engine.language.rules import ActionCall, ParamTree
from engine.language.template import Template


def walk_templates(tree: ParamTree) -> Iterator[Template]:
    """Yield every template of a parameter, in the order of the regulation."""
    if isinstance(tree, Template):
        yield tree
    elif isinstance(tree, Mapping):
        for member in tree.values():
            yield from walk_templates(member)
    else:
        for member in tree:
            yield from walk_templates(member)


def roots_of_call(call: ActionCall) -> set[str]:
    """Return the first names that parameters, `when` and `key` of `call` use; keys like `act.signed` count too."""
    paths: set[str] = {name for name in call.params if "." in name}
    for tree in call.params.values():
        for template in walk_templates(tree):
            paths.update(template.needs)
    paths.update(call.when.needs if call.when else ())
    paths.update(call.key.needs if call.key else ())
    return {path.partition(".")[0] for path in paths}
