"""What of a set-up is a secret, and how a text is shown without it.

Decides by the names of variables and settings, since a secret has no look of its own; and by the form of an address
that holds a password or a webhook. It reads no file.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

HIDDEN = "***"
# `pasword` too: a misspelt key is the one whose line is shown.
_NAMED = r"pas+w|passphrase|secret|token|webhook|credential|(?:^|_)key$"
_NAME = re.compile(_NAMED, re.IGNORECASE)
_LINE = re.compile(
    r"(?m)^(?P<key>\s*(?:-\s+)?[\w.\-\"']*(?:pas+w|passphrase|secret|token|webhook|credential)[\w.\-\"']*\s*:[ \t]*)"
    r"(?P<value>[^\s#].*)$",
    re.IGNORECASE,
)
_PARTS = (
    re.compile(r"(?<=/rest/)(?:api/)?(?:\d+/)?[^/\s?\"'`]+"),
    # Of `postgresql://user:password@host`, and of one that was misspelt.
    re.compile(r"(?<=[\w%.\-]:)[^\s/:@\"'`][^\s:@\"'`]*(?=@)"),
)
# A shorter text is no secret worth the name, and would blot out half of what is said.
_SHORTEST = 4


def is_secret_name(name: str) -> bool:
    """True for the name of a variable or setting whose value nobody but its owner is to see."""
    return _NAME.search(name) is not None


def secret_values(variables: Mapping[str, str]) -> list[str]:
    """Return the values of the variables that hold secrets by their names, the longest first."""
    found = {
        value for name, value in variables.items() if is_secret_name(name) and not name.endswith("_FILE")
    }
    return sorted((value for value in found if len(value) >= _SHORTEST), key=len, reverse=True)


def hide(text: str, secrets: Collection[str] = ()) -> str:
    """Return `text` without `secrets`, without what an address holds of them: in their place stands `***`."""
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    for pattern in _PARTS:
        text = pattern.sub(HIDDEN, text)
    return text


def hide_in_config(text: str, secrets: Collection[str] = ()) -> str:
    """Return a config's lines as they may be shown: the value of a key that names a secret is `***` too.

    A value that stands for a variable (`${NAME}`) is shown: it says where to look.
    """

    def blotted(found: re.Match[str]) -> str:
        value = found["value"]
        return (
            found[0]
            if re.fullmatch(r"[\"']?\$\{\w+(?::-)?\}[\"']?\s*(#.*)?", value)
            else found["key"] + HIDDEN
        )

    return hide(_LINE.sub(blotted, text), secrets)
