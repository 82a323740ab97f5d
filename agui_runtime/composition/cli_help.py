"""What ``agui-runtime --help`` and the help of each command say: what it does, examples, settings and exit codes."""

from collections.abc import Collection
from typing import Any

import attrs
from attrs import frozen

from agui_runtime.composition.settings import PREFIX, Settings, shown_default


@frozen
class CommandHelp:
    """The texts of one command.

    Attributes:
        summary: one line, for the list of commands.
        description: what it does.
        more: behind its options: examples, settings, exit codes.
    """

    summary: str
    description: str
    more: str


def settings_table(names: Collection[str] = ()) -> str:
    """The settings of these names, all by default: one line each, with meaning and default."""
    chosen = [attribute for attribute in attrs.fields(Settings) if not names or attribute.name in names]
    width = max(len(attribute.name) for attribute in chosen) + len(PREFIX)
    return "\n".join(_line(attribute, width) for attribute in chosen)


def _line(attribute: "attrs.Attribute[Any]", width: int) -> str:
    default = shown_default(attribute.default)
    name = f"{PREFIX}{attribute.name.upper()}"
    return f"  {name:{width}}  {attribute.metadata['meaning']} (default: {default or 'none'})"


_WHERE = ("host", "port", "base_path")
_OFTEN_SET = ("log_level", "cors_origins", "allow_anonymous", "auth_tokens", "jwt_jwks_url", "database_url")

PROGRAM = CommandHelp(
    summary="",
    description="The Python runtime behind CopilotKit frontends, over GraphQL and AG-UI.",
    more="""\
examples:
  agui-runtime demo                         a page to try, without keys or code of yours
  agui-runtime serve my_agents:container    your agents
  agui-runtime serve --help                 more on one command

Settings come from variables of the environment that begin with AGUI_; "agui-runtime settings" lists them.

exit codes:
  0  stopped as asked, or all is well
  1  could not run, or something is not well
  2  a wrong command line or setting; the message names it
""",
)

SERVE = CommandHelp(
    summary="serve a container of yours",
    description="""\
Serves agents over HTTP, to frontends of both generations, until it is told to end (Ctrl+C, SIGTERM). Then it takes no
new runs, lets live ones go on for AGUI_DRAIN_SECONDS, stops what is left, and ends.""",
    more=f"""\
examples:
  agui-runtime serve my_agents:container
  AGUI_PORT=4000 AGUI_CORS_ORIGINS=https://app.example.com agui-runtime serve my_agents:container
  AGUI_REMOTE_ENDPOINTS=python=http://127.0.0.1:8000/copilotkit agui-runtime serve
  AGUI_DATABASE_URL=postgresql://app@db/app agui-runtime serve --workers 4 my_agents:container

The module is looked for in this folder and on the Python path. The least that it needs:

  from dependency_injector import providers
  from agui_runtime import FunctionAgent, RuntimeContainer

  async def parrot(run_input):
      yield "You said something."

  container = RuntimeContainer(agents=providers.Object((FunctionAgent(parrot),)))

settings that most need ("agui-runtime settings" lists all):
{settings_table((*_WHERE, *_OFTEN_SET))}

exit codes:
  0  ended as it was told to
  1  could not run: the address is in use, the database is away or not migrated
  2  a wrong command line or setting; nothing to serve; other machines may call and nobody is asked who they are
""",
)

DEMO = CommandHelp(
    summary="serve a demo page with an offline agent",
    description="Serves a chat page and an agent that needs no model and no key, to try a frontend against.",
    more=f"""\
examples:
  agui-runtime demo
  AGUI_PORT=4000 agui-runtime demo

settings ("agui-runtime settings" lists all):
{settings_table(_WHERE)}

exit codes:
  0  ended as it was told to
  1  could not run: the address is in use
  2  a wrong command line or setting
""",
)

MIGRATE = CommandHelp(
    summary="make or update the tables in the database of AGUI_DATABASE_URL",
    description="""\
Applies what the database lacks for this version, all of it or nothing. Two at a time do no harm: one waits for the
other.""",
    more=f"""\
examples:
  AGUI_DATABASE_URL=postgresql://app@db/app agui-runtime migrate
  agui-runtime migrate --check
  agui-runtime migrate --dry-run > changes.sql

settings:
{settings_table(("database_url",))}

exit codes:
  0  the database is up to date; with --dry-run also where it is not
  1  the database cannot be reached or refuses; with --check: something is to be done
  2  a wrong command line or setting, such as no AGUI_DATABASE_URL
""",
)

DOCTOR = CommandHelp(
    summary="look at what keeps a runtime from working",
    description="""\
Looks at Python, settings, database and agents elsewhere and, where told, at the way to the server and at a frontend.
One line for each; what FAILED says what to do.""",
    more="""\
examples:
  agui-runtime doctor
  agui-runtime doctor --url https://app.example.com/api/copilotkit --frontend ../web

exit codes:
  0  all is well
  1  something FAILED
  2  a wrong command line or setting
""",
)

SCHEMA = CommandHelp(
    summary="print the GraphQL schema",
    description="Prints the schema that GraphQL frontends and scripts are served, in its definition language.",
    more="""\
examples:
  agui-runtime schema > schema.graphql

exit codes:
  0  printed
  2  a wrong command line or setting
""",
)

SETTINGS = CommandHelp(
    summary="list all settings",
    description="Prints every variable that the runtime reads, with its meaning and default. Values are not shown.",
    more="""\
examples:
  agui-runtime settings

exit codes:
  0  printed
  2  a wrong command line or setting
""",
)
