"""Who may sign in, and who did what: for integrators."""

from __future__ import annotations

from flask import Flask, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from engine.runtime.accounts import INTEGRATOR, ROLES
from engine.web.console.desk import Desk, say, who
from engine.web.console.door import needs
from engine.web.console.look import page


def add_people(app: Flask, desk: Desk) -> None:
    """Give `app` the page of people and the audit."""

    def shown(link: str = "", trouble: str = "") -> str:
        return page(
            "people.html",
            people=desk.accounts.all(),
            lines=desk.accounts.audit(),
            roles=ROLES,
            link=link,
            trouble=trouble,
        )

    @app.get("/people")
    @needs(INTEGRATOR)
    def people() -> str:
        return shown()

    @app.post("/people")
    @needs(INTEGRATOR)
    def invite() -> str:
        name, role = request.form.get("name", "").strip(), request.form.get("role", "")
        user = request.form.get("portal_user", "").strip()
        if user and not (user.isascii() and user.isdecimal()):
            return shown(
                trouble=say("Номер сотрудника на портале — число.", "A portal user's id is a number.")
            )
        known = desk.accounts.find(name)
        if known is not None and known.id == who().id and role != INTEGRATOR:
            trouble = say(
                "Себе роль не понижают: войти обратно было бы некому.", "Nobody lowers their own role."
            )
            return shown(trouble=trouble)
        try:
            secret = desk.accounts.invite(name, role, user)
        except ValueError:
            return shown(trouble=say("Напишите имя и выберите роль.", "Write a name and choose a role."))
        desk.accounts.note(who(), "invited", name, f"{role} {user}".strip())
        return shown(link=f"{request.host_url}invitation/{secret}")

    @app.post("/people/close")
    @needs(INTEGRATOR)
    def close() -> AnyResponse:
        name = request.form.get("name", "")
        if name.casefold() != who().name and desk.accounts.close(name):
            desk.accounts.note(who(), "closed account", name)
        return redirect("/people")
