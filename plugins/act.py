"""Issues acts: the act of the lowest stage that has none, with the stage's part, VAT and lines.

Decides which stage is next and what its act says. It does not print the act (plugin `document`) nor send it;
the number is the engine's to give, gap-free, once an act.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import ClassVar

from engine import (
    Action,
    Commands,
    Effect,
    Facts,
    Item,
    ItemChange,
    Param,
    Params,
    Pending,
    Row,
    Said,
    Setup,
    StageDocument,
    Undecided,
    Value,
    Verification,
    cancel_item,
    due_time,
    find_issued,
    hookimpl,
    issue_item,
    live_children,
    read_back,
    row_fields,
    stage_document,
    stage_parts,
    whole_number,
)


class IssueAct(Action):
    """Составляет акт следующего этапа: номер, дата, часть суммы по плану, НДС, строки, срок возврата.

    Issues the act of the deal's lowest stage without a live one (or of the stage given). A cancelled act
    frees its stage. The act exists after the call with its number, lines and links; where no stage is left,
    nothing is done.
    """

    name: ClassVar[str] = "act.issue"
    title: ClassVar[Said] = Said("Выпустить акт", "Issue the act")
    parameters: ClassVar[Mapping[str, Param]] = {
        "deal": Param("deal", "The deal; by default the one that the rule sees.", required=False),
        "stage_no": Param("number", "The stage; by default the lowest without a live act.", required=False),
    }
    example: ClassVar[str] = "- act.issue: {}\n  as: issued\n  key: act ${deal.id}/${issued.stage_no}"
    kinds: ClassVar[tuple[str, ...]] = ("item",)
    result: ClassVar[str] = "act"
    irreversible: ClassVar[bool] = True
    needs_key: ClassVar[bool] = True

    def __init__(self, setup: Setup) -> None:
        self.map = setup.map
        self.documents = setup.documents

    def effect(self, params: Params, facts: Facts) -> Effect | Undecided:
        """Say the act with all its fields but the number. Undecided where the plan or a fact it shows is."""
        deal = params.get("deal")
        if not isinstance(deal, Item):
            return deal if isinstance(deal, Undecided) else Undecided("deal")
        parts, taken = stage_parts(deal, facts), _stages_taken(deal, facts)
        if isinstance(parts, Undecided):
            return parts
        if isinstance(taken, Undecided):
            return taken
        if "act" not in self.documents.numbers:
            return Undecided("в настройках нет образца номера documents.numbers.act")
        stage = _choose(params.get("stage_no"), taken, len(parts))
        if isinstance(stage, Undecided):
            return stage
        if isinstance(stage, Said):
            return Effect(params, nothing_to_do=stage)
        document = stage_document(deal, stage, parts, facts, self.documents)
        if isinstance(document, Undecided):
            return document
        return self._planned(params, deal, document, facts)

    def commands(self, effect: Effect) -> Commands:
        """Take the number, then create the act with its lines in one batch; return the act."""
        fields = row_fields(effect, "fields")
        pattern = self.documents.pattern("act", fields.get("own_company"))
        return (yield from issue_item(self.map, "act", pattern, fields))

    def verify(self, effect: Effect, result: Value) -> Verification:
        """Read the act and its lines back."""
        if not isinstance(result, Item):
            return ()
        return (yield from read_back(self.map, result, row_fields(effect, "fields")))

    def probe(self, key: str, effect: Effect) -> Commands:
        """Look for the act that bears this step's number: an earlier try's; undecided where one alike has none."""
        deal, known = effect.details["deal"], effect.details["known"]
        if not isinstance(deal, Item) or not isinstance(known, tuple):
            return Undecided("act.issue: у шага нет сделки, искать акт негде")
        fields = row_fields(effect, "fields")
        pattern = self.documents.pattern("act", fields.get("own_company"))
        return (yield from find_issued(self.map, "act", pattern, fields, deal, known, ("stage_no",)))

    def undo(self, effect: Effect, result: Value) -> Commands | None:
        """Cancel the act, unless somebody has worked with it; its number stays taken, as a voided row."""
        return (
            cancel_item(self.map, result, row_fields(effect, "fields")) if isinstance(result, Item) else None
        )

    def frees(self, earlier: Value, facts: Facts) -> bool:
        """True where the earlier act is cancelled or gone.

        Asked only after `effect` found, from decided facts, that no live act of the deal has this stage: an
        act that the facts do not know at all is therefore not among the deal's, it was deleted.
        """
        if not isinstance(earlier, Item):
            return False
        cancelled = facts.field(earlier, "cancelled")
        return cancelled is True or isinstance(cancelled, Undecided)

    def _planned(self, params: Params, deal: Item, document: StageDocument, facts: Facts) -> Effect:
        act = facts.new("act")
        fields: dict[str, Value] = {
            **document.fields,
            "stage_no": Decimal(document.stage),
            "form": "scan",
            "due_at": due_time(self.documents.due, facts),
            "signed": False,
            "cancelled": False,
        }
        known = facts.field(deal, "acts")
        details: dict[str, Value] = {
            "deal": deal,
            "stage": Decimal(document.stage),
            "fields": Row(tuple((name, value) for name, value in fields.items() if value is not None)),
            "known": known if isinstance(known, tuple) else (),
        }
        change = ItemChange(act, {"number": Pending(f"{act}.number"), **fields})
        return Effect(params, (change,), act, details, warnings=document.warnings)


def _stages_taken(deal: Item, facts: Facts) -> frozenset[int] | Undecided:
    live = live_children(deal, "acts", facts)
    if isinstance(live, Undecided):
        return live
    taken: set[int] = set()
    for act in live:
        stage = facts.field(act, "stage_no")
        if isinstance(stage, Undecided):
            return stage
        # An act entered by hand without a stage number is the act of a one-stage deal.
        taken.add(whole_number(stage) or 1)
    return frozenset(taken)


def _choose(asked: object, taken: frozenset[int], count: int) -> int | Said | Undecided:
    """Return the stage to issue, or why there is none."""
    if isinstance(asked, Undecided):
        return asked
    if asked is None:
        free = [stage for stage in range(1, count + 1) if stage not in taken]
        return free[0] if free else _nothing_left(count)
    stage = whole_number(asked) if isinstance(asked, str | Decimal) else None
    if stage is None or stage > count:
        return Undecided(f"этапа {asked} в плане нет: этапов {count}")
    if stage in taken:
        return Said(f"Акт этапа {stage} уже составлен.", f"The act of stage {stage} is already issued.")
    return stage


def _nothing_left(count: int) -> Said:
    if count == 1:
        return Said("Акт по сделке уже составлен.", "The deal's act is already issued.")
    return Said(
        f"Акты всех этапов ({count}) уже составлены.", f"The acts of all {count} stages are already issued."
    )


@hookimpl
def reglament_actions(setup: Setup) -> list[Action]:
    """Supply `act.issue`."""
    return [IssueAct(setup)]
