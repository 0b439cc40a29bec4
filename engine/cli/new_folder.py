"""The texts that `engine init` writes beside the copies of what is shipped."""

ENVIRONMENT = """\
# Секреты. Скопируйте в .env и впишите своё; .env не храните в репозитории.
# Secrets. Copy to .env and fill in; keep .env out of the repository.
# Любую настройку можно дать файлом: NAME_FILE=/path. / Any of them may come as NAME_FILE=/path.

# Входящий вебхук портала. / The portal's inbound webhook.
BITRIX24_WEBHOOK_URL=

# Токен исходящего вебхука: им портал подписывает события. / The token in the portal's events.
BITRIX24_APPLICATION_TOKEN=

# Или локальное приложение вместо вебхуков, и адрес портала. / Or a local application instead, and the portal.
BITRIX24_CLIENT_ID=
BITRIX24_CLIENT_SECRET=
BITRIX24_PORTAL=

# Почта. / Mail. SMTP_SECURITY: none | starttls | tls
SMTP_HOST=
SMTP_PORT=
SMTP_SECURITY=
SMTP_USER=
SMTP_PASSWORD=
"""

PLUGINS_README = """\
# Плагины компании / The company's plugins

Файл `*.py` в этой папке — плагин: он даёт правилам новые действия. `engine plugins` покажет их, `engine check`
проверит правила с ними.

A `*.py` file in this folder is a plugin: it gives rules new actions. `engine plugins` lists them.

```python
from engine import Action, CallChange, Effect, Param, hookimpl


class Greet(Action):
    \"\"\"Здоровается с сотрудником в журнале запусков.\"\"\"

    name = "greet.say"
    parameters = {"to": Param("text", "Whom to greet.")}
    example = '- greet.say: {to: "${deal.manager.name}"}'
    kinds = ("call",)

    def effect(self, params, facts):
        return Effect(params, (CallChange("greet", f"Здоровается: {params['to']}"),))


@hookimpl
def reglament_actions(setup):
    return [Greet()]
```
"""
