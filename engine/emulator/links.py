"""Links with a token: the only way to a file's bytes.

Decides what a link looks like and whether a token is good. A token is bound to one file and one purpose; it
proves nothing about the caller, so whoever holds the link reads the file, as on a portal.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from hashlib import sha256
from secrets import token_hex
from urllib.parse import quote_plus

from engine.emulator.store import Store

_MEMBER = "link_key"


def _key(store: Store) -> bytes:
    known = store.read_meta(_MEMBER)
    if known is None:
        known = token_hex(16)
        store.write_meta(_MEMBER, known)
    return known.encode()


def _sign(store: Store, text: str) -> str:
    return hmac.new(_key(store), text.encode(), sha256).hexdigest()


def make_token(store: Store, purpose: str, detail: str) -> str:
    """A token for one purpose (``crm``, ``disk``, ``upload``) and one thing."""
    body = urlsafe_b64encode(detail.encode()).decode()
    return f"{purpose}|{body}|{_sign(store, f'{purpose}|{body}')}"


def read_token(store: Store, purpose: str, token: str) -> str | None:
    """The thing a token was made for, or None if it is not ours or of another purpose."""
    head, _, signature = token.rpartition("|")
    if not hmac.compare_digest(signature, _sign(store, head)) or not head.startswith(f"{purpose}|"):
        return None
    try:
        return urlsafe_b64decode(head.split("|", 1)[1]).decode()
    except (Base64Error, ValueError):
        return None


def token_url(store: Store, url: str, purpose: str, detail: str) -> str:
    """`url` with the members ``auth`` and ``token`` that make it work without a webhook."""
    token = make_token(store, purpose, detail)
    auth = _sign(store, f"auth|{purpose}|{detail}")[:40]
    return f"{url}?auth={auth}&token={quote_plus(token)}"


def crm_file_view(store: Store, base_url: str, file_id: object, owner: str) -> dict[str, object]:
    """A file of a CRM field as `crm.item.*` shows it; `owner` names item and field in the interface link."""
    query = f"action=crm.controller.item.getFile&SITE_ID=s1&owner={quote_plus(owner)}&fileId={file_id}"
    return {
        "id": file_id,
        "url": f"{base_url}/bitrix/services/main/ajax.php?{query}",
        "urlMachine": token_url(
            store, f"{base_url}/rest/crm.controller.item.getFile.json", "crm", str(file_id)
        ),
    }
