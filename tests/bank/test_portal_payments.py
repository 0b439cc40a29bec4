"""The portal's own payments: counted once, taken back when they are, older ones left alone."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from engine.runtime.portal_payments import PortalPayments
from tests.bank.bank_case import PAID, SOURCE, bank_office, invoice_fields
from tests.runtime.service_case import INVOICE, Live


def look(live: Live) -> int:
    """Look once and let the rules go on; return how many events were told."""
    service = live.service
    payments = PortalPayments(service.store, service._gateway, service.workshop.setup.map, service._clock)
    told = payments.look()
    live.settle(60)
    return told


def test_payments_of_the_portal_are_counted_once(tmp_path: Path) -> None:
    with bank_office(tmp_path) as live:
        invoice = int(str(invoice_fields(live, "СЧ-2026/013")["id"]))
        old = live.call("crm.item.payment.add", entityId=invoice, entityTypeId=INVOICE)
        live.call("crm.item.payment.pay", id=old)
        live.portal.clock.advance(timedelta(minutes=5))
        assert look(live) == 0  # it begins to count from here
        live.call("crm.item.payment.delete", id=old)
        live.portal.clock.advance(timedelta(minutes=5))
        new = live.call("crm.item.payment.add", entityId=invoice, entityTypeId=INVOICE)
        assert look(live) == 0  # not paid yet
        live.call("crm.item.payment.pay", id=new)
        assert look(live) == 1
        assert look(live) == 0
        fields = invoice_fields(live, "СЧ-2026/013")
        assert (fields[PAID], fields[SOURCE]) == ("134845.95|RUB", 202)
        assert live.person.get(2, 122)["stageId"] == "C4:UC_PAID"
        live.portal.clock.advance(timedelta(minutes=5))
        live.call("crm.item.payment.unpay", id=new)
        assert look(live) == 1
        assert look(live) == 0
        assert invoice_fields(live, "СЧ-2026/013")[PAID] in ("0.00|RUB", "0|RUB")
        live.portal.clock.advance(timedelta(minutes=5))
        live.call("crm.item.payment.pay", id=new)
        assert look(live) == 1
        assert invoice_fields(live, "СЧ-2026/013")[PAID] == "134845.95|RUB"
