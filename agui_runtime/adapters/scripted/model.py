"""A language model that follows a script."""

from collections.abc import AsyncIterator, Callable

from attrs import frozen

from agui_runtime.application.values import ModelRequest, ModelRun
from agui_runtime.domain.events import Event
from agui_runtime.domain.identity import RunId, ThreadId
from agui_runtime.domain.json_value import JsonObject

ModelScript = Callable[[ModelRequest], AsyncIterator[Event]]
"""An async generator function: what the model answers to a request."""


@frozen
class ModelReply:
    """What a model says of its run before it answers (contract graphql §7)."""

    thread_id: ThreadId | None = None
    run_id: RunId | None = None
    extensions: JsonObject | None = None


def _same_ids(request: ModelRequest) -> ModelReply:
    return ModelReply(request.thread_id, request.run_id)


class ScriptedModel:
    """Answers with exactly the events of its script.

    Args:
        script: called once for each request.
        reply: what the model says of its run; the request's own ids by default. What it raises is a refusal.
        provider: the name it goes by.
    """

    def __init__(
        self,
        script: ModelScript,
        *,
        reply: Callable[[ModelRequest], ModelReply] = _same_ids,
        provider: str = "scripted",
    ) -> None:
        self._script = script
        self._reply = reply
        self._provider = provider

    @property
    def provider(self) -> str:
        """The name it goes by."""
        return self._provider

    async def start(self, request: ModelRequest) -> ModelRun:
        """Begin the script.

        Raises:
            Exception: ``reply`` refused the request.
        """
        reply = self._reply(request)
        return ModelRun(self._script(request), reply.thread_id, reply.run_id, reply.extensions)
