"""The command line: ``agui-runtime serve``, ``demo``, ``migrate``, ``doctor``, ``schema`` and ``settings``."""

import argparse
import asyncio
import importlib
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from aiohttp import web

from agui_runtime._version import __version__
from agui_runtime.adapters.graphql.schema import sdl
from agui_runtime.composition import cli_help
from agui_runtime.composition.access import check_exposure, identity_of
from agui_runtime.composition.app import create_app
from agui_runtime.composition.cli_help import CommandHelp
from agui_runtime.composition.container import RuntimeContainer
from agui_runtime.composition.demo.app import demo_app
from agui_runtime.composition.doctor import Grade, diagnose
from agui_runtime.composition.log_setup import set_up_logging
from agui_runtime.composition.server import run_app
from agui_runtime.composition.serving import check_shared, serve_as_worker, serve_in_workers
from agui_runtime.composition.setting_readers import count
from agui_runtime.composition.settings import Settings
from agui_runtime.composition.storage import migrator_of
from agui_runtime.domain.errors import AguiError, ConfigurationError

FAILED, MISUSED = 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; its exit code."""
    options = _parser().parse_args(arguments)
    try:
        settings = Settings.from_environment(os.environ)
        set_up_logging(settings)
        return int(options.run(options, settings))
    except ConfigurationError as error:
        return _fail(MISUSED, error.message)
    except AguiError as error:
        return _fail(FAILED, error.message)
    except OSError as error:
        return _fail(
            FAILED, f"Cannot listen: {error.strerror or error}. Set AGUI_HOST or AGUI_PORT to another address."
        )


def _parser() -> argparse.ArgumentParser:
    raw = argparse.RawDescriptionHelpFormatter
    program = cli_help.PROGRAM
    parser = argparse.ArgumentParser(
        prog="agui-runtime", description=program.description, epilog=program.more, formatter_class=raw
    )
    parser.add_argument("--version", action="version", version=f"agui-runtime {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def command(name: str, texts: CommandHelp, run: Callable[[argparse.Namespace, Settings], int]) -> Any:
        added = commands.add_parser(
            name, help=texts.summary, description=texts.description, epilog=texts.more, formatter_class=raw
        )
        added.set_defaults(run=run)
        return added

    serve = command("serve", cli_help.SERVE, _serve)
    serve.add_argument(
        "target",
        nargs="?",
        metavar="MODULE:ATTRIBUTE",
        help="a RuntimeContainer, a function that gives one, or an aiohttp application; without it the agents of "
        "AGUI_REMOTE_AGENTS and AGUI_REMOTE_ENDPOINTS are served",
    )
    serve.add_argument(
        "--workers",
        type=_count,
        default=1,
        metavar="N",
        help="so many processes, to use more than one core; more than one need AGUI_DATABASE_URL, which they share",
    )
    # A worker's own: the line to its parent, and the port.
    serve.add_argument("--worker", nargs=2, type=int, help=argparse.SUPPRESS)
    command("demo", cli_help.DEMO, _demo)
    migrate = command("migrate", cli_help.MIGRATE, _migrate)
    migrate.add_argument("--check", action="store_true", help="change nothing; exit code 1 if anything is to be done")
    migrate.add_argument("--dry-run", action="store_true", help="change nothing; print the SQL that would be run")
    doctor = command("doctor", cli_help.DOCTOR, _doctor)
    doctor.add_argument("--url", default="", help="the runtime's address as frontends use it")
    doctor.add_argument("--frontend", type=Path, metavar="FOLDER", help="of a frontend, with its package.json")
    command("schema", cli_help.SCHEMA, _schema)
    command("settings", cli_help.SETTINGS, _settings)
    return parser


def _serve(options: argparse.Namespace, settings: Settings) -> int:
    target: Any = _load(options.target) if options.target else _elsewhere(settings)
    container = None if isinstance(target, web.Application) else target
    if container is not None:
        settings = container.settings()
        check_exposure(settings, container.identity())
    name = options.target or "agents elsewhere"
    if options.workers > 1:
        check_shared(settings, container)
        return serve_in_workers(settings, options.target, options.workers, lambda url: _announce(name, url))
    app = target if container is None else create_app(container)
    if options.worker is not None:
        serve_as_worker(app, settings, *options.worker)
    else:
        base = settings.base_path
        run_app(app, host=settings.host, port=settings.port, announce=lambda url: _announce(name, url + base))
    return 0


def _announce(name: str, url: str) -> None:
    _say(f"Serving {name} at {url} (Ctrl+C stops it)")


def _elsewhere(settings: Settings) -> RuntimeContainer:
    """A runtime with nothing of its own.

    Raises:
        ConfigurationError: there is nothing elsewhere either.
    """
    if not (settings.remote_agents or settings.remote_endpoints):
        raise ConfigurationError(
            "There is nothing to serve: name a MODULE:ATTRIBUTE, or set AGUI_REMOTE_AGENTS or AGUI_REMOTE_ENDPOINTS."
        )
    return RuntimeContainer()


def _demo(_: argparse.Namespace, settings: Settings) -> int:
    def announce(url: str) -> None:
        _say(
            f"The demo page:   {url}/\n"
            f"The runtime URL: {url}{settings.base_path}\n\n"
            f'In a React app:  <CopilotKit runtimeUrl="{url}{settings.base_path}" agent="demo">\n\n'
            "Ctrl+C stops it."
        )

    check_exposure(settings, identity_of(settings))
    run_app(demo_app(settings), host=settings.host, port=settings.port, announce=announce)
    return 0


def _doctor(options: argparse.Namespace, settings: Settings) -> int:
    async def examine() -> int:
        worst = 0
        async for diagnosis in diagnose(settings, url=options.url.rstrip("/"), frontend=options.frontend):
            _say(str(diagnosis))
            worst = FAILED if diagnosis.grade is Grade.FAILED else worst
        return worst

    return asyncio.run(examine())


def _schema(_: argparse.Namespace, __: Settings) -> int:
    _say(sdl().rstrip())
    return 0


def _settings(_: argparse.Namespace, __: Settings) -> int:
    _say(cli_help.settings_table())
    return 0


def _migrate(options: argparse.Namespace, settings: Settings) -> int:
    migrator = migrator_of(settings)
    if not (options.check or options.dry_run):
        for migration in asyncio.run(migrator.migrate()):
            _say(f"applied {migration.name}")
        _say("The database is up to date.")
        return 0
    pending = asyncio.run(migrator.pending())
    for migration in pending:
        _say(f"-- {migration.name}\n{migration.sql.rstrip()}" if options.dry_run else f"pending {migration.name}")
    if not pending:
        _say("-- Nothing to do." if options.dry_run else "The database is up to date.")
    return FAILED if options.check and pending else 0


def _load(name: str) -> Any:
    """The container or application that a ``module:attribute`` names.

    Raises:
        ConfigurationError: there is none, or it is something else.
    """
    module_name, colon, attribute = name.partition(":")
    if not (module_name and colon and attribute):
        raise ConfigurationError(f"{name!r} is no MODULE:ATTRIBUTE, such as my_app:container.")
    sys.path.insert(0, str(Path.cwd()))
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is not None and not module_name.startswith(error.name):
            raise
        raise ConfigurationError(
            f"There is no module {module_name!r} in {Path.cwd()} or on the Python path."
        ) from error
    found = getattr(module, attribute, None)
    if found is None:
        raise ConfigurationError(f"The module {module_name!r} has no {attribute!r}.")
    if callable(found) and not isinstance(found, web.Application) and not _is_container(found):
        found = found()
    if not (isinstance(found, web.Application) or _is_container(found)):
        kind = type(found).__name__
        raise ConfigurationError(f"{name!r} is a {kind}; expected a RuntimeContainer or an aiohttp application.")
    return found


def _is_container(value: Any) -> bool:
    return all(hasattr(value, name) for name in ("router", "settings", "supervisor")) and value is not RuntimeContainer


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _count(text: str) -> int:
    try:
        return count(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"expected {error}, but it is {text!r}") from error


def _fail(code: int, text: str) -> int:
    sys.stderr.write(f"agui-runtime: {text}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
