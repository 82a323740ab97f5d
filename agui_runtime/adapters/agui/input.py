"""From a RunAgentInput to a request of the application (contract agui §4, §10)."""

from collections.abc import Mapping

from agui_runtime.adapters.codec.decoding import decode_run_input
from agui_runtime.application.generate_request import GenerateRequest
from agui_runtime.domain.identity import AgentName, Caller
from agui_runtime.domain.json_value import JsonObject, JsonValue, is_object
from agui_runtime.domain.runs import Resume, RunInput


def read_run_input(body: JsonValue) -> RunInput:
    """The input that a body holds.

    Raises:
        InvalidError: naming what does not fit and where.
    """
    return decode_run_input(body)


def generate_request(
    run_input: RunInput,
    agent_name: AgentName,
    properties: JsonObject,
    *,
    caller: Caller,
    headers: Mapping[str, str],
    correlation_id: str,
    is_stateless: bool,
) -> GenerateRequest:
    """The request for a run of that agent.

    Args:
        run_input: what the client sent.
        agent_name: the agent addressed.
        properties: the endpoint's own, under the client's.
        caller: who calls.
        headers: those that may go to agents.
        correlation_id: of this exchange.
        is_stateless: a suggestion, which stores nothing.
    """
    props = run_input.forwarded_props
    return GenerateRequest(
        caller=caller,
        messages=run_input.messages,
        thread_id=run_input.thread_id,
        client_run_id=run_input.run_id,
        parent_run_id=run_input.parent_run_id,
        agent_name=agent_name,
        tools=run_input.tools,
        context=run_input.context,
        state=run_input.state,
        forwarded_parameters=props,
        forwarded_props_for=lambda _: props,
        properties={**properties, **props},
        resume=run_input.resume or _legacy_answer(props),
        is_stateless=is_stateless,
        headers=headers,
        correlation_id=correlation_id,
    )


def _legacy_answer(props: JsonObject) -> tuple[Resume, ...]:
    """LangGraph's form has no id: it answers the one open question (one-model §3)."""
    command = props.get("command")
    if not is_object(command) or "resume" not in command:
        return ()
    return (Resume(None, "resolved", command["resume"]),)
