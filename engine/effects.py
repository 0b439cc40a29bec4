"""What an action would change, as data: the words of `engine simulate` and of the journal.

Each class is one `kind` of CONTRACT: `field stage item document folder file notice feed mail timer call`. They
describe; nothing here can act.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, TypeAlias

from engine.language.values import File, Item, Mixed, Path, Pending, Value

Text: TypeAlias = str | Mixed | Pending


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field of an item takes another value. `before` may be undecided where nobody read it."""

    kind: ClassVar[str] = "field"
    item: Item
    field: str
    before: Value
    after: Value


@dataclass(frozen=True, slots=True)
class StageChange:
    """A deal moves: `before` and `after` are stages by their map names."""

    kind: ClassVar[str] = "stage"
    item: Item
    field: str
    before: Value
    after: Value


@dataclass(frozen=True, slots=True)
class ItemChange:
    """An item is created with `fields`; its id is a planned one (`act/new-1`)."""

    kind: ClassVar[str] = "item"
    item: Item
    fields: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class DocumentChange:
    """A document is made from `template`; `number` may be pending."""

    kind: ClassVar[str] = "document"
    item: Item
    template: str
    number: Value


@dataclass(frozen=True, slots=True)
class FolderChange:
    """A folder is ensured at `path` of the shared drive."""

    kind: ClassVar[str] = "folder"
    path: Path


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file is stored at `path`; `source` is the file whose bytes it takes."""

    kind: ClassVar[str] = "file"
    path: Path
    source: File


@dataclass(frozen=True, slots=True)
class NoticeChange:
    """A person is told in the portal's notices."""

    kind: ClassVar[str] = "notice"
    to: Item
    text: Text


@dataclass(frozen=True, slots=True)
class FeedChange:
    """A post in the feed; `url` is the direct link to the deal, `to` the addressees by portal codes (`UA`, `U5`)."""

    kind: ClassVar[str] = "feed"
    to: tuple[str, ...]
    text: Text
    url: Text


@dataclass(frozen=True, slots=True)
class MailChange:
    """One message to one recipient."""

    kind: ClassVar[str] = "mail"
    to: str
    subject: Text
    text: Text
    attachments: tuple[File, ...] = ()


@dataclass(frozen=True, slots=True)
class TimerChange:
    """A durable timer is armed (`at`) or removed (`at` empty)."""

    kind: ClassVar[str] = "timer"
    key: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class CallChange:
    """Anything else a company's own plugin does, in its own words."""

    kind: ClassVar[str] = "call"
    plugin: str
    what: Text


Change: TypeAlias = (
    FieldChange
    | StageChange
    | ItemChange
    | DocumentChange
    | FolderChange
    | FileChange
    | NoticeChange
    | FeedChange
    | MailChange
    | TimerChange
    | CallChange
)


@dataclass(frozen=True, slots=True)
class Said:
    """One sentence in both of the product's languages."""

    ru: str
    en: str


@dataclass(frozen=True, slots=True)
class Effect:
    """An action with its values filled in, not yet done.

    `params` are the rendered parameters, `changes` what a person is shown, `result` what `as:` names (an item, a
    file, text, …), `details` the values that `commands` and `perform` need beyond the parameters. `nothing_to_do`
    says why the state is already reached; then `changes` is empty and nothing will be sent. `kept` are the fields
    whose value is wanted and stands already: nothing to send, but another rule that wants them otherwise is in
    conflict. `warnings` are said to a person and stop nothing. `is_quiet` where what is written is no news to any
    rule: documents of former years, taken into a register.
    """

    params: Mapping[str, Value | Mapping[str, Value]]
    changes: tuple[Change, ...] = ()
    result: Value = None
    details: Mapping[str, Value] = field(default_factory=dict)
    nothing_to_do: Said | None = None
    kept: tuple[FieldChange | StageChange, ...] = ()
    warnings: tuple[Said, ...] = ()
    is_quiet: bool = False
