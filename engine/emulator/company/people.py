"""Who works in the demo company.

Six accounts: the robot that owns the webhook, the head of the direction, two who lead deals, one dismissed who
still stands on old deals and on one open deal, and a trainee who has no role. Nobody here is a real person.
"""

from __future__ import annotations

from engine.emulator.company import story
from engine.emulator.seed import Row

DEPARTMENT_MANAGEMENT = 1
DEPARTMENT_PROJECTS = 3
DEPARTMENT_TRAINEES = 9


def build_users() -> tuple[Row, ...]:
    """The six users, by `user.get` keys."""
    robot = _user(
        story.USER_ROBOT, "Робот Регламент", "robot", "Учётная запись робота", DEPARTMENT_MANAGEMENT
    )
    dismissed = _user(story.USER_DISMISSED, "Ольга Дёмина", "demina", "Менеджер проектов")
    return (
        robot | {"ADMIN": True},
        _user(story.USER_HEAD, "Павел Орехов", "orehov", "Руководитель направления"),
        _user(story.USER_VETROVA, "Марина Ветрова", "vetrova", "Ведущий менеджер проектов"),
        _user(story.USER_LAPSHIN, "Игорь Лапшин", "lapshin", "Менеджер проектов"),
        dismissed | {"ACTIVE": False},
        _user(story.USER_NO_RIGHTS, "Тимур Галеев", "galeev", "Стажёр", DEPARTMENT_TRAINEES),
    )


def _user(
    user: int, full_name: str, box: str, position: str, department: int = DEPARTMENT_PROJECTS
) -> dict[str, object]:
    name, _, last_name = full_name.partition(" ")
    return {
        "ID": str(user),
        "NAME": name,
        "LAST_NAME": last_name,
        "EMAIL": f"{box}@custom-service.example",
        "ACTIVE": True,
        "ADMIN": False,
        "UF_DEPARTMENT": [department],
        "WORK_POSITION": position,
    }
