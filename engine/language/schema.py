"""The JSON Schema of a regulation file, built from the actions that are there.

For editors (yaml-language-server) and for whoever generates regulations. It says which keys may stand where and what
each action takes; names of fields, types of expressions and what rules say about each other are `check`'s. An
action's own schema is chosen by its name: `oneOf` would only say "none of 40 forms fits".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from engine.action import Action, Param
from engine.language.loading.read_action import MODIFIERS
from engine.language.loading.read_condition import GROUPS
from engine.language.loading.read_rules import RULE_KEYS, SET_KEYS
from engine.language.loading.read_trigger import OPTIONS
from engine.language.rules import TRIGGER_KINDS

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | bool | None"
Object: TypeAlias = "dict[str, Json]"

DIALECT = "https://json-schema.org/draft/2020-12/schema"

# Text stays text, but an editor's YAML reader turns `5` into a number and `true` into a boolean before it validates.
SCALAR: Object = {"type": ["string", "number", "boolean"]}
_NAME: Object = {"type": ["string", "number"], "pattern": r"^\s*[^\W_][\w-]{0,79}\s*$"}
_YES_NO: Object = {"enum": [True, False, "true", "false"]}
_DAY: Object = {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"}
_DOCS: Mapping[str, str] = {
    "ruleset": "Unique name of the rule set; rule ids are NAME/ID.",
    "title": "The name for people.",
    "scope": "A condition that every rule of the set shares.",
    "in_force": "Dates of this edition, both inclusive.",
    "enabled": "false switches it off.",
    "rules": "The rules, in the order in which they run.",
    "id": "Name of the rule, unique in its set.",
    "clause": "The paragraph of the written regulation that it carries out.",
    "triggers": "What wakes the rule; any one is enough.",
    "conditions": "What must hold, all of it.",
    "actions": "What to do, in order.",
    "as": "A name for the result, for later parameters.",
    "when": "Skip this step unless the expression holds.",
    "key": "Business key: the step is done once under it.",
    "changed": "ENTITY.FIELD took another value.",
    "filled": "ENTITY.FIELD was empty and has a value.",
    "cleared": "ENTITY.FIELD had a value and is empty.",
    "created": "An item of the entity appeared.",
    "deleted": "An item of the entity went.",
    "deadline": "A durable timer of the item ran out.",
    "every": "A schedule: minute, hour, day, month, weekday.",
    "command": "A person or another system asks by this name.",
    "received": "A plugin delivers an event of its own kind.",
}


def build_schema(actions: Mapping[str, Action]) -> dict[str, Json]:
    """Return the schema (draft 2020-12) of a regulation file where these actions exist."""
    bodies: dict[str, Object] = {
        "ruleset": _NAME,
        "title": SCALAR,
        "scope": {"$ref": "#/$defs/condition"},
        "in_force": _closed({"from": _DAY, "to": _DAY}),
        "enabled": _YES_NO,
        "rules": {"type": "array", "items": {"$ref": "#/$defs/rule"}},
    }
    return {
        "$schema": DIALECT,
        "title": "Reglament: a rule set",
        **_closed(_documented(bodies, SET_KEYS), required=("ruleset", "rules")),
        "$defs": {
            "rule": _rule(),
            "trigger": _trigger(),
            "condition": _condition(),
            "action": _action(actions),
        },
    }


def _rule() -> Object:
    bodies: dict[str, Object] = {
        "id": _NAME,
        "title": SCALAR,
        "clause": SCALAR,
        "triggers": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/trigger"}},
        "conditions": {"type": "array", "items": {"$ref": "#/$defs/condition"}},
        "actions": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/action"}},
        "in_force": _closed({"from": _DAY, "to": _DAY}),
        "enabled": _YES_NO,
    }
    return _closed(_documented(bodies, RULE_KEYS), required=("id", "triggers", "actions"))


def _trigger() -> Object:
    field: Object = {"type": "string", "pattern": r"^\s*[^.\s]+\.[^.\s]+\s*$"}
    delay: Object = {"type": "string"}
    deadline = _closed({"after": delay, "before": delay, "since": field}, required=("since",))
    deadline["oneOf"] = [{"required": ["after"]}, {"required": ["before"]}]
    bodies: dict[str, Object] = dict.fromkeys(TRIGGER_KINDS, SCALAR)
    bodies.update(changed=field, filled=field, cleared=field, deadline=deadline)
    options: dict[str, Object] = {"from": SCALAR, "to": SCALAR, "by": {"const": "person"}, "for_each": SCALAR}
    schema = _closed({**_documented(bodies, TRIGGER_KINDS), **options})
    schema["minProperties"] = 1
    allowed = {kind: [kind, *OPTIONS.get(kind, ())] for kind in TRIGGER_KINDS}
    schema["dependentSchemas"] = {
        kind: {"propertyNames": {"enum": list(names)}} for kind, names in allowed.items()
    }
    schema["not"] = {"propertyNames": {"enum": list(options)}}
    return schema


def _condition() -> Object:
    listed: Object = {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/condition"}}
    properties: dict[str, Object] = dict.fromkeys(GROUPS, listed)
    properties["if"] = {"$ref": "#/$defs/condition"}
    properties["else"] = SCALAR
    schema = _closed(properties)
    schema["type"] = ["object", "string", "number", "boolean"]
    schema["minProperties"] = 1
    groups: dict[str, Json] = {group: {"propertyNames": {"const": group}} for group in GROUPS}
    pair: Json = {"required": ["if", "else"], "propertyNames": {"enum": ["if", "else"]}}
    schema["dependentSchemas"] = {**groups, "if": pair, "else": pair}
    return schema


def _action(actions: Mapping[str, Action]) -> Object:
    modifiers: dict[str, Object] = {"as": {"type": "string"}, "when": SCALAR, "key": SCALAR}
    named = {name: _parameters(actions[name]) for name in sorted(actions)}
    schema = _closed({**named, **_documented(modifiers, MODIFIERS)})
    schema["minProperties"] = 1
    schema["dependentSchemas"] = {name: _beside(name, actions[name]) for name in sorted(actions)}
    schema["not"] = {"propertyNames": {"enum": list(MODIFIERS)}}
    return schema


def _beside(name: str, action: Action) -> Object:
    """Return what else may stand in an entry that names this action."""
    schema: Object = {"propertyNames": {"enum": [name, *MODIFIERS]}}
    if action.needs_key:
        schema["required"] = ["key"]
    return schema


def _parameters(action: Action) -> Object:
    properties = {name: _parameter(param) for name, param in action.parameters.items()}
    required = tuple(name for name, param in action.parameters.items() if param.required)
    schema = _closed(properties, required=required)
    if action.open_parameters:
        schema["patternProperties"] = {
            r"^[^.\s]+\.[^.\s]+$": {"type": ["string", "number", "boolean", "array"]}
        }
    if not required:
        # An action that needs nothing may stand as `- name:`.
        schema["type"] = ["object", "null"]
    doc = (type(action).__doc__ or "").strip().split("\n")[0]
    if doc:
        schema["description"] = doc
    return schema


def _parameter(param: Param) -> Object:
    kinds = ["string", "number", "boolean"]
    if param.type.startswith("list of ") or param.type in ("any", "lines"):
        kinds.append("array")
    if param.type == "any":
        kinds.append("object")
    types: list[Json] = [*kinds]
    return {"type": types, "description": f"{param.doc} ({param.type})"}


def _closed(properties: Mapping[str, Object], required: tuple[str, ...] = ()) -> Object:
    schema: Object = {"type": "object", "properties": dict(properties), "additionalProperties": False}
    if required:
        schema["required"] = list(required)
    return schema


def _documented(bodies: Mapping[str, Object], keys: tuple[str, ...]) -> dict[str, Object]:
    return {key: {**bodies[key], "description": _DOCS[key]} for key in keys}
