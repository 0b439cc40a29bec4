"""What people in an office do in one schedule: phases of deeds, drawn from a seed.

Decides which deeds may stand in one phase. Everything comes to rest between phases; inside one nothing waits, so a
phase must end the same however early or late the engine reads. Therefore, of one deal, a phase holds:

* one change of an act at most (a scan, a paper original, a refusal, a cancelling): of two, the first may be gone
  before anybody read it;
* one change of an invoice's payment at most, for the same reason; and never a payment in full beside the signature
  that closes the deal: where the deal was closed first, the regulation says nothing about the payment;
* no change of a title that a letter or a notice quotes beside the work that writes it.

Stages may be passed in one breath, since the portal keeps a history of them.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from engine.emulator.company import story

REPORT, DOCS, PAID, LOST, WORK = "C4:UC_REPORT", "C4:UC_DOCS", "C4:UC_PAID", "C4:LOSE", "C4:UC_WORK"


@dataclass(frozen=True)
class Deed:
    """One thing a person does; `where` is a deal, or another item that the verb speaks of."""

    verb: str
    where: int = 0
    value: str = ""

    def __str__(self) -> str:
        return f"{self.verb} {self.where} {self.value}".strip()


Phase: TypeAlias = tuple[Deed, ...]
# Deeds of one deal, phase by phase, as (verb, value).
Storyline: TypeAlias = tuple[tuple[tuple[str, str], ...], ...]

_REPORT, _PAID = ("move", REPORT), ("move", PAID)
_FRESH: Final[tuple[Storyline, ...]] = (
    ((_REPORT,), (("scan", "signed"), ("pay", "0.6")), (("pay", "1"),)),
    ((_REPORT,), (("pay", "1"),), (("paper", ""),)),
    ((_REPORT, _PAID), (("scan", "signed"),)),
    ((_REPORT,), (("refuse", ""), ("pay", "0.3")), (("cancel_act", ""), ("cancel_invoice", "")), (_REPORT,)),
    ((_REPORT,), (("scan", "unsigned"), ("pay", "0.5")), (("scan", "signed"),), (("pay", "1"),)),
    ((_REPORT,), (("scan", "text"),), (("scan", "signed"), ("note", "")), (_PAID,)),
    ((_REPORT,), (("pay", "0.5"),), (("pay", "0"), ("scan", "signed")), (_PAID,)),
    ((_REPORT,), (("retitle", ""),), (("scan", "signed"),), (("scan", "again"), ("retitle_act", ""))),
    ((_REPORT, ("move", LOST)), (("scan", "signed"),)),
    ((_REPORT, ("note", ""), ("move", DOCS)), (("paper", ""), ("note", "")), (("pay", "1"), ("note", ""))),
    ((_REPORT,), (("move", WORK), _REPORT), (("pay", "1"), ("paper", "")), (("retitle", ""),)),
)
_STAGED: Final[tuple[Storyline, ...]] = (
    ((_REPORT,), (("scan", "signed"), ("pay", "1")), (_REPORT,), (("scan", "signed"), ("pay", "0.4"))),
    ((_REPORT,), (_REPORT,), (("paper", ""), ("note", "")), (("pay", "0.4"),)),
    ((_REPORT, ("note", "")), (("refuse", ""),), (("cancel_act", ""),), (_REPORT,)),
)
_SENT: Final[tuple[Storyline, ...]] = (
    ((("scan", "signed"), ("note", "")), (("pay", "1"),)),
    ((_PAID, ("note", "")), (("paper", ""),)),
    ((("pay", "0.5"), ("scan", "text")), (("scan", "signed"),), (("pay", "1"),)),
    ((("pay", "1"), ("note", "")), (("scan", "unsigned"),), (("scan", "signed"),)),
    ((("cancel_act", ""), ("cancel_invoice", "")), (_REPORT,), (("paper", ""), ("pay", "0.2"))),
)
STORYLINES: Final[Mapping[int, tuple[Storyline, ...]]] = {
    story.DEAL_FRESH: _FRESH,
    story.DEAL_AWKWARD_CLIENT: _FRESH,
    125: _FRESH,
    story.DEAL_TWO_STAGES: _STAGED,
    story.DEAL_UNSIGNED_UNPAID: _SENT,
    113: _SENT,
    story.DEAL_PAID_WAITING: (((("scan", "signed"),),), ((("paper", ""), ("note", "")),)),
    117: (((("cancel_act", ""), ("cancel_invoice", "")), (_REPORT,)), ((("paper", ""), ("pay", "0.5")),)),
    115: (((("scan", "signed"),),), ((("pay", "0.5"),), (("scan", "signed"),))),
    110: (((("pay", "1"),),), ((("pay", "0.1"),), (_PAID, ("note", "")))),
    109: (((("pay", "1"),),),),
    123: (((_REPORT,), (("scan", "signed"),)),),
    story.DEAL_LOST: (((("scan", "signed"), ("pay", "1")),),),
}
_NOISE: Final = (
    "quiet_title",
    "bulk_titles",
    "new_deal",
    "drop_deal",
    "company",
    "carry_invoice",
    "contract",
)


@dataclass(frozen=True)
class Script:
    """The work of one schedule; the same for the same seed."""

    seed: int
    phases: tuple[Phase, ...]


def is_chained(phase: Phase) -> bool:
    """True where one of the deeds means nothing before the engine has answered another of the same phase.

    A person who marks the invoice as paid by the deal's stage is told that there is none, if its issuing stopped: a
    stopped run lets its lane go on. Nothing may stop in such a phase.
    """
    moved = {(deed.where, deed.value) for deed in phase if deed.verb == "move"}
    return any((deal, REPORT) in moved and stage == PAID for deal, stage in moved)


def write_script(seed: int) -> Script:
    """Draw the work of four to seven deals, shifted against each other, and a little that no rule minds."""
    draw = random.Random(f"script {seed}")
    deals = draw.sample(sorted(STORYLINES), draw.randint(4, 7))
    if not set(deals) & {story.DEAL_FRESH, story.DEAL_AWKWARD_CLIENT, 125, story.DEAL_TWO_STAGES}:
        deals[0] = draw.choice((story.DEAL_FRESH, story.DEAL_TWO_STAGES))
    phases: list[list[list[Deed]]] = [[] for _ in range(4)]
    for deal in deals:
        storyline = draw.choice(STORYLINES[deal])
        start = draw.randint(0, 4 - len(storyline))
        for at, deeds in enumerate(storyline, start):
            phases[at].append([Deed(verb, deal, value) for verb, value in deeds])
    for number, phase in enumerate(phases):
        phase.extend([one] for one in _noise(draw, number))
    return Script(seed, tuple(tuple(_mixed(draw, phase)) for phase in phases if phase))


def _noise(draw: random.Random, phase: int) -> Iterator[Deed]:
    for verb in draw.sample(_NOISE, draw.randint(1, 3)):
        if verb != "drop_deal" or phase:
            yield Deed(verb, draw.randrange(100), str(phase))


def _mixed(draw: random.Random, lines: list[list[Deed]]) -> Iterator[Deed]:
    """Yield the deeds of several deals among each other, those of one in their order."""
    left = [line[:] for line in lines if line]
    while left:
        line = draw.choice(left)
        yield line.pop(0)
        left = [one for one in left if one]
