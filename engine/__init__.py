"""All that a plugin author imports.

>>> from engine import Action, Effect, Param, hookimpl
"""

from __future__ import annotations

from engine.action import (
    Action,
    Answer,
    Command,
    Commands,
    Content,
    Discrepancy,
    Facts,
    Outside,
    Param,
    Params,
    PluginError,
    Ref,
    Verification,
)
from engine.activity_mail import Card, PortalLetter, find_activities, origin_of, send_activity
from engine.documents.office import convert_to_pdf, find_office
from engine.documents.portal_made import PortalOrder, find_on_portal, make_on_portal, order_of
from engine.documents.printing import print_sheet
from engine.documents.sheets import Sheet, read_sheet
from engine.documents.typesetting import typeset_pdf
from engine.documents.word import fill_word
from engine.documents.writing import file_name
from engine.drive import (
    Asking,
    fold_name,
    folder_command,
    is_alive,
    reach_folder,
    remember_command,
    remove_made_folders,
    rows_of,
)
from engine.effects import (
    CallChange,
    Change,
    DocumentChange,
    Effect,
    FeedChange,
    FieldChange,
    FileChange,
    FolderChange,
    ItemChange,
    MailChange,
    NoticeChange,
    Said,
    StageChange,
    TimerChange,
)
from engine.ensuring import ensure_item, remove_made_item
from engine.feed import Post, claimed_key, delete_post, find_post, publish_post, read_post_back
from engine.field_changes import (
    change_rows,
    changed_fields,
    read_fields_back,
    restore_fields,
    row_fields,
    write_fields,
)
from engine.hooks import hookimpl
from engine.issuing import cancel_item, find_issued, issue_item
from engine.language.formats import money_text
from engine.language.paths import safe_name
from engine.language.values import (
    Duration,
    File,
    Inside,
    Item,
    Mixed,
    Money,
    Path,
    Pending,
    Row,
    Segment,
    Undecided,
    Value,
)
from engine.letter_thread import earlier_letters
from engine.letters import (
    Letter,
    ascii_address,
    deliver_letters,
    flat_text,
    letter_id,
    read_sender,
    recall_letters,
)
from engine.readback import is_same, read_back
from engine.scans.copying import CannotCopy, pdf_copy
from engine.setup import MailSetup, Setup
from engine.stage_document import (
    StageDocument,
    due_time,
    live_children,
    stage_document,
    stage_parts,
    whole_number,
)
from engine.stages import Taxed, single_line, split_plan, stage_title, sum_money, taxed_lines, vat_of

__all__ = [
    "Action",
    "Answer",
    "Asking",
    "CallChange",
    "CannotCopy",
    "Card",
    "Change",
    "Command",
    "Commands",
    "Content",
    "Discrepancy",
    "DocumentChange",
    "Duration",
    "Effect",
    "Facts",
    "FeedChange",
    "FieldChange",
    "File",
    "FileChange",
    "FolderChange",
    "Inside",
    "Item",
    "ItemChange",
    "Letter",
    "MailChange",
    "MailSetup",
    "Mixed",
    "Money",
    "NoticeChange",
    "Outside",
    "Param",
    "Params",
    "Path",
    "Pending",
    "PluginError",
    "PortalLetter",
    "PortalOrder",
    "Post",
    "Ref",
    "Row",
    "Said",
    "Segment",
    "Setup",
    "Sheet",
    "StageChange",
    "StageDocument",
    "Taxed",
    "TimerChange",
    "Undecided",
    "Value",
    "Verification",
    "ascii_address",
    "cancel_item",
    "change_rows",
    "changed_fields",
    "claimed_key",
    "convert_to_pdf",
    "delete_post",
    "deliver_letters",
    "due_time",
    "earlier_letters",
    "ensure_item",
    "file_name",
    "fill_word",
    "find_activities",
    "find_issued",
    "find_office",
    "find_on_portal",
    "find_post",
    "flat_text",
    "fold_name",
    "folder_command",
    "hookimpl",
    "is_alive",
    "is_same",
    "issue_item",
    "letter_id",
    "live_children",
    "make_on_portal",
    "money_text",
    "order_of",
    "origin_of",
    "pdf_copy",
    "print_sheet",
    "publish_post",
    "reach_folder",
    "read_back",
    "read_fields_back",
    "read_post_back",
    "read_sender",
    "read_sheet",
    "recall_letters",
    "remember_command",
    "remove_made_folders",
    "remove_made_item",
    "restore_fields",
    "row_fields",
    "rows_of",
    "safe_name",
    "send_activity",
    "single_line",
    "split_plan",
    "stage_document",
    "stage_parts",
    "stage_title",
    "sum_money",
    "taxed_lines",
    "typeset_pdf",
    "vat_of",
    "whole_number",
    "write_fields",
]
__version__ = "0.1.0"
