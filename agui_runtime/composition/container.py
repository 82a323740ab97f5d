"""Where ports meet adapters: synchronous and declarative; rebinding a port is one argument (ADR 0004)."""

import os
from collections.abc import Sequence
from secrets import randbits
from typing import Any

from dependency_injector import containers, providers

from agui_runtime._version import __version__
from agui_runtime.adapters.agui.endpoint import AguiEndpoint
from agui_runtime.adapters.agui.operations import Operations as AguiOperations
from agui_runtime.adapters.graphql.context import Operations
from agui_runtime.adapters.graphql.endpoint import GraphqlEndpoint, version_headers
from agui_runtime.adapters.graphql.graphiql import Graphiql
from agui_runtime.adapters.http.access import Access
from agui_runtime.adapters.http.health import HealthEndpoint
from agui_runtime.adapters.http.router import Route, Router
from agui_runtime.adapters.memory import MemoryDatabase
from agui_runtime.adapters.remote.guardrail import HttpGuardrail
from agui_runtime.adapters.system.catalogs import ModelByDefaultCatalog
from agui_runtime.adapters.system.clock import RandomIds, SystemClock
from agui_runtime.adapters.telemetry.message_log import LoggedMessages
from agui_runtime.application.clear_threads import ClearThreads
from agui_runtime.application.compact_runs import CompactRuns
from agui_runtime.application.connect_thread import ConnectThread
from agui_runtime.application.delete_state import DeleteState
from agui_runtime.application.describe_runtime import DescribeRuntime
from agui_runtime.application.execute_agent import ExecuteAgent
from agui_runtime.application.expiry import Expiry
from agui_runtime.application.frames import Frames
from agui_runtime.application.generate_response import GenerateResponse
from agui_runtime.application.known_threads import KnownThreads
from agui_runtime.application.list_agents import FindAgent, ListAgents
from agui_runtime.application.list_states import ListStates
from agui_runtime.application.load_state import LoadState
from agui_runtime.application.open_interrupts import OpenInterrupts
from agui_runtime.application.ports import AgentCatalog, LanguageModel, RunHooks, Telemetry
from agui_runtime.application.prune_threads import PruneThreads
from agui_runtime.application.read_history import ReadHistory
from agui_runtime.application.recover_runs import RecoverRuns
from agui_runtime.application.run_admission import RunAdmission
from agui_runtime.application.run_opening import RunOpening
from agui_runtime.application.run_state import RunStates
from agui_runtime.application.run_supervisor import RunSupervisor
from agui_runtime.application.save_state import SaveState
from agui_runtime.application.stop_run import StopRun
from agui_runtime.application.thread_contents import ThreadEvents, ThreadMessages, ThreadStates
from agui_runtime.application.threads import ArchiveThread, DeleteThread, GetThread, ListThreads, RenameThread
from agui_runtime.composition.access import access_policy_of, identity_of
from agui_runtime.composition.health import check_health_of, upstreams_of
from agui_runtime.composition.remotes import (
    agent_catalog_of,
    configured_agents,
    configured_endpoints,
    remote_client_of,
    tool_catalog_of,
)
from agui_runtime.composition.settings import Settings
from agui_runtime.composition.storage import (
    database_of,
    decorated,
    run_log_of,
    state_store_of,
    thread_directory_of,
)
from agui_runtime.composition.telemetry import metered, metrics_routes_of, prometheus_of, telemetry_of, traces_of


def _settings() -> Settings:
    return Settings.from_environment(os.environ)


def _guardrail(settings: Settings) -> HttpGuardrail | None:
    return HttpGuardrail(settings.guardrails_url) if settings.guardrails_url else None


def _observed(hooks: RunHooks | None, settings: Settings) -> RunHooks | None:
    return LoggedMessages(hooks) if settings.log_messages else hooks


def _offered(catalog: AgentCatalog, model: LanguageModel | None) -> AgentCatalog:
    return catalog if model is None else ModelByDefaultCatalog(catalog, model)


def _somewhere() -> int:
    """Where a thread's run numbers begin: elsewhere in each process, and within the databases' 63 bits."""
    return randbits(52)


def _routes(
    settings: Settings, graphql: GraphqlEndpoint, agui: AguiEndpoint, public: Sequence[Route]
) -> tuple[Route, ...]:
    base = frozenset({"", "/"})
    either = agui.before(graphql.handle)
    if not settings.graphiql:
        return (Route(base, either), *public)
    graphiql = Graphiql()
    return (Route(base, graphiql.before(either)), *public, Route(graphiql.paths, graphiql.serve))


def _public_routes(health: HealthEndpoint, metrics: Sequence[Route]) -> Sequence[Route]:
    return (*health.routes, *metrics)


def _health_router(settings: Settings, public: Sequence[Route], ids: RandomIds, telemetry: Telemetry) -> Router:
    return Router("", public, cors=settings.cors, limits=settings.http_limits, new_id=ids.new_id, telemetry=telemetry)


def _router(
    settings: Settings,
    graphql: GraphqlEndpoint,
    agui: AguiEndpoint,
    public: Sequence[Route],
    ids: RandomIds,
    telemetry: Telemetry,
) -> Router:
    return Router(
        settings.base_path,
        _routes(settings, graphql, agui, public),
        below=agui.handle,
        cors=settings.cors,
        limits=settings.http_limits,
        new_id=ids.new_id,
        telemetry=telemetry,
    )


class RuntimeContainer(containers.DeclarativeContainer):
    """Everything a runtime is made of.

    A host rebinds any of it with one argument, a provider, such as
    ``RuntimeContainer(state_store=providers.Singleton(MyStore))``. What hosts give most often:

    - ``agents`` and ``tools``: iterables of ``Agent`` and ``ServerTool``;
    - ``remote_endpoints``: ``RemoteEndpoint``s beside those of the settings;
    - ``agent_factory``: a function of the ``Caller`` that makes the agents of one request;
    - ``model``: a ``LanguageModel``;
    - ``hooks`` and ``guardrail``;
    - ``telemetries``: ``Telemetry``s beside those of the settings;
    - ``state_decorators``: functions from ``StateStore`` to ``StateStore``, put around whichever ``state_store``
      there is, the first one innermost.

    An adapter that has ``open()`` or ``close()`` coroutines gets them called by the application's lifespan.
    """

    settings = providers.Singleton(_settings)

    agents: providers.Provider[Any] = providers.Object(())
    tools: providers.Provider[Any] = providers.Object(())
    remote_endpoints: providers.Provider[Any] = providers.Object(())
    agent_factory: providers.Provider[Any] = providers.Object(None)
    model: providers.Provider[Any] = providers.Object(None)
    hooks: providers.Provider[Any] = providers.Object(None)
    observed_hooks = providers.Singleton(_observed, hooks, settings)
    guardrail: providers.Provider[Any] = providers.Singleton(_guardrail, settings)
    properties: providers.Provider[Any] = providers.Object({})

    clock = providers.Singleton(SystemClock)
    ids = providers.Singleton(RandomIds)
    prometheus = providers.Singleton(prometheus_of, settings)
    traces = providers.Singleton(traces_of, settings)
    telemetries: providers.Provider[Any] = providers.Object(())
    telemetry = providers.Singleton(telemetry_of, prometheus, traces, telemetries)
    identity = providers.Singleton(identity_of, settings)
    access_policy = providers.Singleton(access_policy_of, settings, identity)

    remote_client = providers.Singleton(remote_client_of, settings, telemetry)
    endpoints = providers.Singleton(configured_endpoints, settings, remote_client, remote_endpoints)
    agents_elsewhere = providers.Singleton(configured_agents, settings, remote_client)
    agent_catalog = providers.Singleton(agent_catalog_of, agents, agents_elsewhere, agent_factory, endpoints)
    offered_agents = providers.Singleton(_offered, agent_catalog, model)
    tool_catalog = providers.Singleton(tool_catalog_of, tools, endpoints)

    memory = providers.Singleton(
        MemoryDatabase, settings.provided.memory_limits, run_numbers_after=providers.Object(_somewhere)
    )
    database = providers.Singleton(database_of, settings)
    state_store = providers.Singleton(state_store_of, settings, database, memory, clock)
    state_decorators: providers.Provider[Any] = providers.Object(())
    decorated_states = providers.Singleton(decorated, state_store, state_decorators)
    states = providers.Singleton(metered, decorated_states, telemetry, settings, telemetries)
    frames = providers.Singleton(Frames, settings.provided.frame_seconds)
    run_log = providers.Singleton(run_log_of, settings, database, memory, clock, frames)
    thread_directory = providers.Singleton(thread_directory_of, database, memory, clock)

    supervisor = providers.Singleton(RunSupervisor, run_log, telemetry, settings.provided.run_limits)
    expiry = providers.Singleton(Expiry, clock, settings.provided.state_lifetime)
    run_states = providers.Factory(RunStates, states, expiry, settings.provided.state_limits)
    # One for all who ask: it remembers threads.
    known_threads = providers.Singleton(KnownThreads, run_log)
    run_opening = providers.Factory(
        RunOpening, run_log, known_threads, clock, settings.provided.run_limits, settings.provided.busy_policy
    )
    admission = providers.Singleton(RunAdmission, settings.provided.admission_limits)
    generate_response = providers.Factory(
        GenerateResponse,
        agents=offered_agents,
        tools=tool_catalog,
        model=model,
        opening=run_opening,
        states=run_states,
        supervisor=supervisor,
        admission=admission,
        hooks=observed_hooks,
        guardrail=guardrail,
        ids=ids,
        limits=settings.provided.run_limits,
    )
    load_state = providers.Factory(LoadState, offered_agents, states, run_log)
    save_state = providers.Factory(SaveState, states, settings.provided.state_limits, expiry)
    delete_state = providers.Factory(DeleteState, states)
    list_states = providers.Factory(ListStates, states)
    read_history = providers.Factory(ReadHistory, run_log)
    open_interrupts = providers.Factory(OpenInterrupts, known_threads, clock)
    connect_thread = providers.Factory(ConnectThread, run_log, states, clock)
    stop_run = providers.Factory(StopRun, run_log, thread_directory)
    list_threads = providers.Factory(ListThreads, thread_directory)
    get_thread = providers.Factory(GetThread, thread_directory)
    rename_thread = providers.Factory(RenameThread, thread_directory)
    archive_thread = providers.Factory(ArchiveThread, thread_directory)
    delete_thread = providers.Factory(DeleteThread, thread_directory, states)
    clear_threads = providers.Factory(ClearThreads, list_threads, delete_thread)
    thread_messages = providers.Factory(ThreadMessages, run_log)
    thread_events = providers.Factory(ThreadEvents, run_log)
    thread_states = providers.Factory(ThreadStates, states, thread_directory)
    execute_agent = providers.Factory(ExecuteAgent, generate_response, clock)
    list_agents = providers.Factory(ListAgents, offered_agents)
    find_agent = providers.Factory(FindAgent, offered_agents)
    describe_runtime = providers.Factory(
        DescribeRuntime, offered_agents, model, version=__version__, protocols=("graphql", "ag-ui")
    )
    # Not through the decorators: a lost run is sealed by what is stored now.
    recover_runs = providers.Factory(RecoverRuns, run_log, state_store)
    compact_runs = providers.Factory(CompactRuns, run_log, clock, settings.provided.compact_seconds)
    prune_threads = providers.Factory(PruneThreads, thread_directory, clock, settings.provided.retention_days)

    access = providers.Singleton(Access, identity, access_policy, settings.provided.forwarded_header_names)
    operations = providers.Singleton(
        Operations,
        generate=generate_response,
        execute_agent=execute_agent,
        load_state=load_state,
        save_state=save_state,
        delete_state=delete_state,
        list_states=list_states,
        list_agents=list_agents,
        find_agent=find_agent,
        read_history=read_history,
        open_interrupts=open_interrupts,
        describe_runtime=describe_runtime,
        access=access,
        ids=ids,
        properties=properties,
        forward_headers=settings.provided.forwarded_header_names,
        keep_alive_seconds=settings.provided.keep_alive_seconds,
    )
    agui_operations = providers.Singleton(
        AguiOperations,
        generate=generate_response,
        connect_thread=connect_thread,
        stop_run=stop_run,
        list_agents=list_agents,
        find_agent=find_agent,
        list_threads=list_threads,
        get_thread=get_thread,
        rename_thread=rename_thread,
        archive_thread=archive_thread,
        delete_thread=delete_thread,
        clear_threads=clear_threads,
        thread_messages=thread_messages,
        thread_events=thread_events,
        thread_states=thread_states,
        access=access,
        version=__version__,
        properties=properties,
        forward_headers=settings.provided.forwarded_header_names,
        keep_alive_seconds=settings.provided.keep_alive_seconds,
        hidden=settings.provided.hidden_events,
        may_clear_threads=settings.provided.clear_threads,
    )
    graphql_endpoint = providers.Singleton(GraphqlEndpoint, operations, settings.provided.document_limits, telemetry)
    agui_endpoint = providers.Singleton(AguiEndpoint, agui_operations)
    upstreams = providers.Singleton(upstreams_of, agents, agents_elsewhere, endpoints)
    check_health = providers.Singleton(check_health_of, database, supervisor, upstreams)
    health_endpoint = providers.Singleton(
        HealthEndpoint, check_health, __version__, headers=providers.Object(version_headers)
    )
    metrics_routes = providers.Singleton(metrics_routes_of, prometheus, supervisor, database, upstreams)
    public_routes = providers.Singleton(_public_routes, health_endpoint, metrics_routes)
    health_router = providers.Singleton(_health_router, settings, public_routes, ids, telemetry)
    router = providers.Singleton(_router, settings, graphql_endpoint, agui_endpoint, public_routes, ids, telemetry)
