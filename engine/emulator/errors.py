"""The refusals of the portal, as its callers see them.

One exception carries what the wire needs: HTTP status, code, text, extra keys. Which rule was broken is
decided by whoever raises it. Texts follow the vendor's published ones where there are any.
"""

from __future__ import annotations

from collections.abc import Mapping


class RestError(Exception):
    """A call refused by the portal; nothing it would have changed has changed.

    `code` is "" for most old `crm.*` methods and the int 0 for payments: that is what the portal sends.
    """

    def __init__(
        self, status: int, code: str | int, description: str, extra: Mapping[str, object] | None = None
    ) -> None:
        super().__init__(f"{status} {code}: {description}")
        self.status = status
        self.code = code
        self.description = description
        self.extra = dict(extra or {})

    def body(self) -> dict[str, object]:
        """The JSON object of the answer."""
        return {"error": self.code, "error_description": self.description, **self.extra}


def old(description: str) -> RestError:
    """What `crm.deal.*` and its generation answer: an empty code."""
    return RestError(400, "", description)


def missing_parameter(name: str) -> RestError:
    """A required argument of a controller-style method was not sent."""
    return RestError(400, "100", f"Could not find value for parameter {{{name}}}")


def not_found(what: str = "Element not found") -> RestError:
    """No such element or type, in the words of `crm.item.*`."""
    return RestError(400, "NOT_FOUND", what)


def invalid_value(field: str) -> RestError:
    """A field's value the portal cannot store."""
    return RestError(400, "CRM_FIELD_ERROR_VALUE_NOT_VALID", f'Invalid value for field "{field}"')


def access_denied() -> RestError:
    """The user behind the webhook may not do this."""
    return RestError(400, "ACCESS_DENIED", "Access denied")
