"""The state API as a script calls it: one method for each field, every field asked for."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from attrs import frozen

from agui_runtime.composition.container import RuntimeContainer
from tests.support.aio import run
from tests.support.graphql_client import Answer, exchange, new_thread
from tests.support.incremental import Payload
from tests.support.serving import runtime, serving

STATUS = "status { ... on SuccessMessageStatus { code } ... on FailedMessageStatus { code reason } }"
COMMON = f"id role createdAt {STATUS}"
HISTORY = f"""
  __typename
  ... on Message {{ {COMMON} content parentMessageId }}
  ... on ActionMessage {{ {COMMON} actionName actionInput actionOutput parentMessageId }}
  ... on ActionExecutionMessage {{ {COMMON} name arguments parentMessageId }}
  ... on ResultMessage {{ {COMMON} actionExecutionId actionName result }}
  ... on AgentStateMessage {{ {COMMON} threadId agentName nodeName runId active running state }}
  ... on ImageMessage {{ {COMMON} format bytes parentMessageId }}
"""
SAVE = """mutation save($data: SaveAgentStateInput!) { saveAgentState(data: $data) {
  threadId agentName success stateKey version savedAt errorMessage errorCode } }"""
DELETE = """mutation delete($data: DeleteAgentStateInput!) { deleteAgentState(data: $data) {
  success existed errorMessage errorCode } }"""
LOAD = f"""query load($data: LoadAgentStateInput!) {{ loadAgentState(data: $data) {{
  threadId threadExists state messages agentName stateKey stateData stateFound lastUpdated version errorMessage
  history {{ {HISTORY} }} }} }}"""
STATES = """query states($thread: String!) { agentStates(threadId: $thread) {
  threadId agentName stateKey version size createdAt updatedAt expiresAt } }"""
QUESTIONS = """query questions($thread: String!, $agent: String) { metaEvents(threadId: $thread, agentName: $agent) {
  eventId eventType threadId agentName eventData timestamp handled } }"""
EXECUTE = f"""mutation execute($data: ExecuteAgentInput!) {{ executeAgent(data: $data) {{
  executionId threadId agentName status result startedAt completedAt errorMessage messages {{ {HISTORY} }} }} }}"""
INFO = "{ runtimeInfo { version runtime providers agentsCount protocols } }"
AGENTS = "{ availableAgents { agents { id name description version capabilities } } }"


@frozen
class StateApi:
    """A client of one runtime, on a thread of its own.

    Attributes:
        container: the runtime, for those who look from Python.
    """

    url: str
    container: RuntimeContainer
    thread: str

    async def ask(self, query: str, **variables: Any) -> Answer:
        """The answer to any operation."""
        return await exchange(self.url, {"query": query, "variables": variables})

    async def save(self, values: Any, agent: str = "any", **data: Any) -> Payload:
        """Save values, or text as it is."""
        text = values if isinstance(values, str) else json.dumps(values)
        given = {"threadId": self.thread, "agentName": agent, "stateData": text, **data}
        return await self._field("saveAgentState", SAVE, data=given)

    async def load(self, agent: str = "any", **data: Any) -> Payload:
        """Load a state."""
        given = {"threadId": self.thread, "agentName": agent, **data}
        return await self._field("loadAgentState", LOAD, data=given)

    async def values(self, agent: str = "any") -> Any:
        """The stored values."""
        return json.loads((await self.load(agent))["stateData"])

    async def history(self, agent: str = "any") -> list[Payload]:
        """The thread's history."""
        history: list[Payload] = (await self.load(agent, includeHistory=True))["history"]
        return history

    async def delete(self, agent: str = "any", **data: Any) -> Payload:
        """Delete a state."""
        given = {"threadId": self.thread, "agentName": agent, **data}
        return await self._field("deleteAgentState", DELETE, data=given)

    async def states(self, thread: str | None = None) -> Any:
        """The states of the thread."""
        return await self._field("agentStates", STATES, thread=thread or self.thread)

    async def questions(self, agent: str | None = None) -> Any:
        """The questions that wait."""
        return await self._field("metaEvents", QUESTIONS, thread=self.thread, agent=agent)

    async def execute(self, text: str, agent: str, **data: Any) -> Payload:
        """One run, on this thread unless another is named."""
        given = {"threadId": self.thread, "agentName": agent, "input": text, **data}
        return await self._field("executeAgent", EXECUTE, data=given)

    async def _field(self, name: str, query: str, **variables: Any) -> Any:
        answer = (await self.ask(query, **variables)).json()
        assert "errors" not in answer, answer
        return answer["data"][name]


def told(
    story: Callable[[StateApi], Awaitable[None]], *, environment: dict[str, str] | None = None, **bound: Any
) -> None:
    """Tell a story to a runtime of its own behind a real socket."""

    async def tell() -> None:
        container = runtime(environment=environment, **bound)
        async with serving(container) as url:
            await story(StateApi(url, container, new_thread()))

    run(tell())
