"""One path for both generations of frontends: what a caller is offered depends on how it calls."""

from collections.abc import Iterable, Sequence

from agui_runtime.adapters.system.catalogs import FixedAgentCatalog
from agui_runtime.application.ports import Agent
from agui_runtime.application.values import RequestFacts
from agui_runtime.domain.identity import AgentName, Caller, Principal
from agui_runtime.domain.json_value import JsonObject
from agui_runtime.domain.tools import ServerTool


class WireIdentity:
    """Everybody is anonymous; the path tells which protocol is spoken."""

    async def identify(self, facts: RequestFacts) -> Principal:
        return Principal("anonymous", {"agui": facts.path not in {"", "/"}})


class AgentsByWire:
    """The agents of one peer or of the other."""

    def __init__(self, *, graphql: Iterable[Agent], agui: Iterable[Agent]) -> None:
        self._catalogs = {False: FixedAgentCatalog(graphql), True: FixedAgentCatalog(agui)}

    async def list(self, caller: Caller) -> Sequence[Agent]:
        return await self._of(caller).list(caller)

    async def get(self, name: AgentName, caller: Caller) -> Agent:
        return await self._of(caller).get(name, caller)

    def _of(self, caller: Caller) -> FixedAgentCatalog:
        return self._catalogs[caller.principal.claims["agui"]]


class ToolsByWire:
    """The GraphQL peer's server-side tools; the AG-UI peer has none."""

    def __init__(self, *, graphql: Sequence[ServerTool]) -> None:
        self._graphql = graphql

    async def list(self, caller: Caller, properties: JsonObject) -> Sequence[ServerTool]:
        return () if caller.principal.claims["agui"] else self._graphql
