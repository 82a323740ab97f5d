"""The runtime as one object, for hosts that want no container: a thin face over it."""

from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from aiohttp import web
from attrs import frozen
from dependency_injector import providers

from agui_runtime.adapters.asgi import AsgiHost
from agui_runtime.application.ports import (
    AccessPolicy,
    Agent,
    Guardrail,
    Identity,
    LanguageModel,
    RunHooks,
    RunLog,
    StateStore,
    ThreadDirectory,
)
from agui_runtime.composition.app import add_root_health, mount
from agui_runtime.composition.container import RuntimeContainer
from agui_runtime.composition.settings import Settings
from agui_runtime.composition.shared_lifespan import SharedLifespan
from agui_runtime.domain.errors import ErrorCode, MisuseError, NotFoundError
from agui_runtime.domain.identity import ANONYMOUS, AgentName, Caller, Principal, StateKey, ThreadId
from agui_runtime.domain.json_value import JsonObject
from agui_runtime.domain.state import AgentState
from agui_runtime.domain.tools import ServerTool


@frozen
class StoredState:
    """An agent's state in a thread.

    Attributes:
        state: a JSON object.
        version: 1 on the first save, then one more with each; 0 for the state of an agent that keeps it itself.
        created_at: in UTC; ``None`` where the agent keeps the state itself.
        updated_at: the same.
        expires_at: ``None`` for never.
    """

    thread_id: str
    agent_name: str
    state: JsonObject
    version: int
    created_at: datetime | None = None
    updated_at: datetime | None = None
    expires_at: datetime | None = None


@frozen
class StoredStateSummary:
    """A stored state without its values; ``size`` in bytes."""

    thread_id: str
    agent_name: str
    version: int
    size: int
    created_at: datetime
    updated_at: datetime
    expires_at: datetime | None


class CopilotRuntime:
    """A runtime: agents in, CopilotKit frontends served.

    What is not given is as ``RuntimeContainer`` makes it, with settings from ``AGUI_*`` variables. The container is
    ``runtime.container``: it reaches everything that this class does not.

    It starts with the server that serves it, with ``async with runtime``, or with its first use; where the last of
    these is all there is, nobody can tell it when to end.

    The state methods are for the host's own code and ask nobody. ``principal`` says for whom they act; the access
    policy derives the scope from it.

    Args:
        agents: what frontends talk to.
        model: answers chats that name no agent.
        tools: run on the server.
        hooks: called around each run.
        guardrail: judges what users say.
        identity: finds out who calls; nobody is asked by default.
        access_policy: maps callers to scopes; one scope for all by default.
        state_store: keeps the states.
        run_log: keeps the events of runs.
        thread_directory: lists the threads.
        state_decorators: from ``StateStore`` to ``StateStore``, the first one innermost.
        properties: the endpoint's own, under the client's.
        settings: instead of the environment's.
        container: instead of a container made of the above.

    Raises:
        ConfigurationError: a variable is wrong.
        MisuseError: both a container and parts of one were given.
    """

    def __init__(
        self,
        *,
        agents: Iterable[Agent] | None = None,
        model: LanguageModel | None = None,
        tools: Iterable[ServerTool] | None = None,
        hooks: RunHooks | None = None,
        guardrail: Guardrail | None = None,
        identity: Identity | None = None,
        access_policy: AccessPolicy | None = None,
        state_store: StateStore | None = None,
        run_log: RunLog | None = None,
        thread_directory: ThreadDirectory | None = None,
        state_decorators: Sequence[Callable[[StateStore], StateStore]] | None = None,
        properties: Mapping[str, Any] | None = None,
        settings: Settings | None = None,
        container: RuntimeContainer | None = None,
    ) -> None:
        parts: dict[str, Any] = {
            "agents": tuple(agents) if agents is not None else None,
            "model": model,
            "tools": tuple(tools) if tools is not None else None,
            "hooks": hooks,
            "guardrail": guardrail,
            "identity": identity,
            "access_policy": access_policy,
            "state_store": state_store,
            "run_log": run_log,
            "thread_directory": thread_directory,
            "state_decorators": state_decorators,
            "properties": properties,
            "settings": settings,
        }
        given = {name: providers.Object(part) for name, part in parts.items() if part is not None}
        if container is not None and given:
            raise MisuseError(f"Give a container or {', '.join(given)}, not both: the container has its own.")
        self.container = RuntimeContainer(**given) if container is None else container
        self.container.settings()
        self._life = SharedLifespan(self.container)

    async def __aenter__(self) -> Self:
        await self._life.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._life.leave()

    @asynccontextmanager
    async def lifespan(self, app: object = None) -> AsyncGenerator[None]:  # noqa: ARG002 - frameworks pass themselves
        """The runtime's life as frameworks take it: ``FastAPI(lifespan=runtime.lifespan)``."""
        async with self._life.running():
            yield

    async def drain(self) -> None:
        """Refuse new runs and let live ones end, within ``AGUI_DRAIN_SECONDS``."""
        await self._life.drain()

    def aiohttp_app(self) -> web.Application:
        """An aiohttp application that serves the runtime; run it with ``handler_cancellation=True``."""
        app = web.Application()
        add_root_health(app, self.container)
        self.mount_to_aiohttp(app)
        return app

    def mount_to_aiohttp(self, app: web.Application) -> None:
        """Serve the runtime from an aiohttp application, at ``AGUI_BASE_PATH``."""
        mount(app, self.container, self._life)

    def asgi_app(self, *, path: str | None = None) -> AsgiHost:
        """An ASGI application that serves the runtime.

        Args:
            path: where, as the server sees it; ``AGUI_BASE_PATH`` by default, ``"/"`` below a ``Mount`` of Starlette.
        """
        return AsgiHost(self.container.router(), self._path(path), self._life)

    async def mount_to_fastapi(self, app: Any, path: str | None = None, *, dependencies: Sequence[Any] = ()) -> None:
        """``mount_to_app``, for those who are used to wait for it."""
        self.mount_to_app(app, path, dependencies=dependencies)

    def mount_to_app(self, app: Any, path: str | None = None, *, dependencies: Sequence[Any] = ()) -> None:
        """Serve the runtime from a FastAPI or Starlette application.

        It starts and stops with the application if this is called before the application starts; else with its
        first request.

        Args:
            app: the application.
            path: where; ``AGUI_BASE_PATH`` by default.
            dependencies: FastAPI's, for all requests to the runtime but preflights, besides the application's own.
        """
        from agui_runtime.adapters.asgi.starlette import add_host

        add_host(app, self.asgi_app(path=path), self._path(path), self._life.running, dependencies)

    async def save_agent_state(
        self,
        *,
        thread_id: str,
        agent_name: str,
        state_data: JsonObject,
        merge_with_existing: bool = True,
        expected_version: int | None = None,
        expires_at: datetime | None = None,
        principal: Principal = ANONYMOUS,
    ) -> StoredState:
        """Store a state, merged into the stored one (RFC 7396) or in its place.

        Raises:
            InvalidError: an id or the state breaks a rule or a limit; nothing has changed.
            ConflictError: another version than the expected one is stored.
            UnavailableError: the store cannot be reached.
        """
        await self._life.ensure()
        saved = await self.container.save_state()(
            self._caller(principal),
            ThreadId(thread_id),
            AgentName(agent_name),
            state_data,
            merge=merge_with_existing,
            expected_version=expected_version,
            expires_at=expires_at,
        )
        return _stored(saved)

    async def load_agent_state(
        self, *, thread_id: str, agent_name: str, principal: Principal = ANONYMOUS
    ) -> StoredState | None:
        """The state as frontends get it, with its version and times; ``None`` where there is none.

        Raises:
            InvalidError: an id breaks a rule.
            ConfigurationError: the agent keeps its state itself, and that failed.
            UnavailableError: the store cannot be reached.
        """
        await self._life.ensure()
        thread, agent = ThreadId(thread_id), AgentName(agent_name)
        try:
            loaded = await self.container.load_state()(self._caller(principal), thread, agent)
        except NotFoundError as error:
            if error.code != ErrorCode.AGENT_NOT_FOUND:
                raise
            return None
        if loaded.state is not None:
            return _stored(loaded.state)
        return StoredState(thread, agent, loaded.values, 0) if loaded.found else None

    async def delete_agent_state(self, *, thread_id: str, agent_name: str, principal: Principal = ANONYMOUS) -> bool:
        """Delete a state; whether there was one.

        Raises:
            InvalidError: an id breaks a rule.
            UnavailableError: the store cannot be reached.
        """
        await self._life.ensure()
        return await self.container.delete_state()(self._caller(principal), ThreadId(thread_id), AgentName(agent_name))

    async def list_agent_states(
        self, *, thread_id: str, principal: Principal = ANONYMOUS
    ) -> Sequence[StoredStateSummary]:
        """The states of a thread, by agent name.

        Raises:
            InvalidError: the id breaks a rule.
            UnavailableError: the store cannot be reached.
        """
        await self._life.ensure()
        states = await self.container.list_states()(self._caller(principal), ThreadId(thread_id))
        return [
            StoredStateSummary(
                state.key.thread_id,
                state.key.agent_name,
                state.version,
                state.size,
                state.created_at,
                state.updated_at,
                state.expires_at,
            )
            for state in states
        ]

    async def clear_agent_states(self, *, thread_id: str, principal: Principal = ANONYMOUS) -> int:
        """Delete all states of a thread; how many there were.

        Raises:
            InvalidError: the id breaks a rule.
            UnavailableError: the store cannot be reached.
        """
        await self._life.ensure()
        return await self.container.states().clear_thread(self._caller(principal).scope, ThreadId(thread_id))

    def _caller(self, principal: Principal) -> Caller:
        return Caller(principal, self.container.access_policy().scope_of(principal))

    def _path(self, path: str | None) -> str:
        return (self.container.settings().base_path if path is None else path).rstrip("/")


def _stored(state: AgentState) -> StoredState:
    key: StateKey = state.key
    return StoredState(
        key.thread_id,
        key.agent_name,
        state.values,
        state.version,
        state.created_at,
        state.updated_at,
        state.expires_at,
    )
