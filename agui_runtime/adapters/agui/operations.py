"""What the endpoint is given: the use cases and its options."""

from collections.abc import Collection, Mapping
from typing import Any

from attrs import Factory, frozen

from agui_runtime.adapters.http.access import Access
from agui_runtime.adapters.http.exchange import Request
from agui_runtime.application.clear_threads import ClearThreads
from agui_runtime.application.connect_thread import ConnectThread
from agui_runtime.application.generate_response import GenerateResponse
from agui_runtime.application.list_agents import FindAgent, ListAgents
from agui_runtime.application.stop_run import StopRun
from agui_runtime.application.thread_contents import ThreadEvents, ThreadMessages, ThreadStates
from agui_runtime.application.threads import ArchiveThread, DeleteThread, GetThread, ListThreads, RenameThread
from agui_runtime.domain.events import Event
from agui_runtime.domain.json_value import JsonObject


@frozen(kw_only=True)
class Operations:
    """The use cases behind the routes.

    Attributes:
        version: the runtime's own, told in ``/info``.
        properties: the endpoint's own, under the client's.
        forward_headers: lower-case names of the callers' headers that go to agents; none by default.
        keep_alive_seconds: how long a stream may be silent; 0 for ever.
        hidden: types of events that are not shown: older frontends break on some (contract agui §6).
        may_clear_threads: whether a caller may delete all of its threads at once.
    """

    generate: GenerateResponse
    connect_thread: ConnectThread
    stop_run: StopRun
    list_agents: ListAgents
    find_agent: FindAgent
    list_threads: ListThreads
    get_thread: GetThread
    rename_thread: RenameThread
    archive_thread: ArchiveThread
    delete_thread: DeleteThread
    clear_threads: ClearThreads
    thread_messages: ThreadMessages
    thread_events: ThreadEvents
    thread_states: ThreadStates
    access: Access
    version: str
    properties: JsonObject = Factory(dict[str, Any])
    forward_headers: frozenset[str] = frozenset()
    keep_alive_seconds: float = 15.0
    hidden: Collection[type[Event]] = ()
    may_clear_threads: bool = False

    def forwarded(self, request: Request) -> Mapping[str, str]:
        """The request's headers that may go to agents."""
        return {name: value for name, value in request.headers.items() if name in self.forward_headers}
