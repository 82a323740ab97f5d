"""What this runtime is and offers."""

from attrs import frozen

from agui_runtime.application.ports import AgentCatalog, LanguageModel
from agui_runtime.domain.identity import Caller


@frozen
class RuntimeDescription:
    """Version, model providers, number of agents, and the wire protocols spoken."""

    version: str
    providers: tuple[str, ...]
    agents_count: int
    protocols: tuple[str, ...]


class DescribeRuntime:
    """Describes the runtime to a caller."""

    def __init__(
        self, agents: AgentCatalog, model: LanguageModel | None, *, version: str, protocols: tuple[str, ...]
    ) -> None:
        self._agents = agents
        self._model = model
        self._version = version
        self._protocols = protocols

    async def __call__(self, caller: Caller) -> RuntimeDescription:
        """The description, as the caller may see it."""
        return RuntimeDescription(
            version=self._version,
            providers=(self._model.provider,) if self._model else (),
            agents_count=len(await self._agents.list(caller)),
            protocols=self._protocols,
        )
