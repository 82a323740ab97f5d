"""Where our answer is another than the recorded one, on purpose: why, and what we answer instead.

docs/compatibility.md says the same for people.
"""

import json
from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

from attrs import evolve, frozen

from agui_runtime.adapters.graphql.errors import AGENT_NOT_FOUND_HELP
from tests.integration.recordings import Normal, recording


@frozen
class Deviation:
    """One difference.

    Attributes:
        ours: our whole answer, made from the recorded one.
    """

    reason: str
    ours: Callable[[Normal], Normal]


def _response(answer: Normal, **fields: Any) -> Normal:
    """The same answer with other fields of the response."""
    result = deepcopy(answer.result)
    result["data"]["generateCopilotResponse"].update(fields)
    return evolve(answer, result=result)


def _unknown_agent(answer: Normal, *available: str) -> Normal:
    names = ", ".join(available or ("echo", "stateful"))
    text = (
        f"Agent 'nobody' was not found. Available agents are: {names}. Please verify the agent name in your "
        "configuration and ensure it matches one of the available agents.\n\n"
        f"See more: [{AGENT_NOT_FOUND_HELP}]({AGENT_NOT_FOUND_HELP})"
    )
    extensions = {
        "name": "CopilotError",
        "statusCode": 500,
        "code": "AGENT_NOT_FOUND",
        "visibility": "banner",
        "severity": "critical",
        "troubleshootingUrl": AGENT_NOT_FOUND_HELP,
        "originalError": {"message": text},
    }
    original = {"message": text, "extensions": extensions}
    result = deepcopy(answer.result)
    result["errors"][0].update(message=text, extensions={**extensions, "originalError": original})
    return evolve(answer, result=result)


def _all_agents(answer: Normal) -> Normal:
    result = deepcopy(answer.result)
    listed = result["data"]["availableAgents"]
    kind = {"__typename": "Agent"} if "__typename" in listed else {}
    listed["agents"] = [
        {"name": "echo", "id": "echo", "description": "Echo agent", **kind},
        {"name": "stateful", "id": "stateful", "description": "Agent with stored state", **kind},
    ]
    return evolve(answer, result=result)


def _own_ids(answer: Normal) -> Normal:
    result = deepcopy(answer.result)
    for agent in result["data"]["availableAgents"]["agents"]:
        agent["id"] = agent["name"]
    return evolve(answer, result=result)


def _own_words(text: str) -> Callable[[Normal], Normal]:
    """An error of the same code with our own text."""

    def ours(answer: Normal) -> Normal:
        theirs = json.dumps(answer.result["errors"][0]["message"])
        return evolve(answer, result=json.loads(json.dumps(answer.result).replace(theirs, json.dumps(text))))

    return ours


def _refused_key(answer: Normal) -> Normal:
    text = "AuthenticationError: bad key"
    row = {"code": "AUTHENTICATION_ERROR", "statusCode": 401, "severity": "critical", "visibility": "banner"}
    help_ = "https://docs.copilotkit.ai/troubleshooting/common-issues#authentication-errors"
    extensions = {"name": "CopilotError", **row, "troubleshootingUrl": help_, "originalError": {"message": text}}
    details = {"description": text, "originalError": {**row, "extensions": extensions}}
    status = {**answer.result["data"]["generateCopilotResponse"]["status"], "details": details}
    return _response(answer, status=status)


def _denied(answer: Normal) -> Normal:
    status = {
        "code": "Failed",
        "reason": "GUARDRAILS_VALIDATION_FAILED",
        "details": {"guardrailsReason": "Topic not allowed"},
        "__typename": "FailedResponseStatus",
    }
    return _response(answer, status=status)


def _guardrail_down(answer: Normal) -> Normal:
    text = "guardrails down"
    row = {"code": "NETWORK_ERROR", "statusCode": 503, "severity": "critical", "visibility": "banner"}
    help_ = "https://docs.copilotkit.ai/troubleshooting/common-issues#i-am-getting-a-network-errors--api-not-found"
    extensions = {
        "name": "CopilotError",
        **row,
        "troubleshootingUrl": help_,
        "originalError": {"message": text},
    }
    status = {
        "code": "Failed",
        "reason": "UNKNOWN_ERROR",
        "details": {"description": text, "originalError": {**row, "extensions": extensions}},
        "__typename": "FailedResponseStatus",
    }
    return _response(answer, status=status)


def _not_acceptable(answer: Normal) -> Normal:
    return Normal(406, {"accept": "text/event-stream; charset=utf-8, multipart/mixed"}, "")


def _agui_not_found(answer: Normal) -> Normal:
    return Normal(404, {"content-type": "application/json"}, {"error": "Not found"})


def _own_page(answer: Normal) -> Normal:
    return Normal(200, {"content-type": "text/html; charset=utf-8", "cache-control": "no-store"}, "GraphiQL")


def _too_many_aliases(answer: Normal) -> Normal:
    text = "The query has 3000 aliases; the limit of this server is 100."
    fault = {"message": text, "extensions": {"code": "GRAPHQL_VALIDATION_FAILED"}}
    return evolve(answer, result={"errors": [fault]})


def _own_parser(answer: Normal) -> Normal:
    result = deepcopy(answer.result)
    result["errors"][0]["extensions"]["originalError"]["message"] = (
        'Expecting \',\' delimiter: line 1 column 22 (char 21), "{\\"query\\": \\"{ hello }\\"" is not valid JSON'
    )
    return evolve(answer, result=result)


def _number_result(answer: Normal) -> Normal:
    text = json.dumps(answer.result)
    messages = json.loads(text)["data"]["generateCopilotResponse"]["messages"]
    messages[1]["result"] = "3"
    return _response(answer, messages=messages)


def _ends(answer: Normal) -> Normal:
    return _response(answer, status={"code": "Success", "__typename": "SuccessResponseStatus"})


def _as_without_thread(answer: Normal) -> Normal:
    return recording("thread-absent").answer()


_OWN_WORDS = "V8's words for malformed JSON are V8's; ours come from our parser"
_ALL = "agents that the caller may use are all listed, not those of remote endpoints only"
_NOT_FOUND = "an unknown agent beside others is AGENT_NOT_FOUND with the names, not UNKNOWN with a generic text"

_NAMED = "an error of a remote agent names the agent, never its URL"

DEVIATIONS: Mapping[str, Deviation] = {
    "agent-unknown": Deviation(_NOT_FOUND, _unknown_agent),
    "available-agents-remote": Deviation("an agent's id is the same each time: its name", _own_ids),
    "available-agents": Deviation(_ALL, _all_agents),
    "guardrails-denied": Deviation("a fast answer does not beat the verdict: denied is denied", _denied),
    "guardrails-unavailable": Deviation("a failing guardrail fails the response; it always ends", _guardrail_down),
    "raw-agent-unknown": Deviation(_NOT_FOUND, _unknown_agent),
    "raw-available-agents": Deviation(_ALL, _all_agents),
    "raw-generate-error-before-accept-json": Deviation("406 comes before anything is run", _not_acceptable),
    "raw-get-graphiql": Deviation("the GraphiQL page is our own and loads nothing from other hosts", _own_page),
    "raw-huge-query": Deviation("a document's size is limited", _too_many_aliases),
    "raw-sub-path": Deviation("paths below the endpoint are AG-UI's, which answers in JSON", _agui_not_found),
    "raw-malformed-json": Deviation(_OWN_WORDS, _own_parser),
    "raw-malformed-json-accept-urql": Deviation(_OWN_WORDS, _own_parser),
    "remote-graph-ckerror": Deviation(
        "a key that was refused is AUTHENTICATION_ERROR, not NETWORK_ERROR", _refused_key
    ),
    "remote-http404": Deviation(_NAMED, _own_words("The agent 'crew' was not found at its address (HTTP 404).")),
    "remote-http500": Deviation(_NAMED, _own_words("The agent 'crew' answered with HTTP 500.")),
    "remote-unknown": Deviation(_NOT_FOUND, lambda answer: _unknown_agent(answer, "crew", "graph", "odd")),
    "serveraction": Deviation("a handler's number is its result, not a HANDLER_ERROR", _number_result),
    "serveraction-badargs": Deviation("arguments that are no JSON fail the call; the response still ends", _ends),
    "thread-null": Deviation("a null thread id is the same as none", _as_without_thread),
}
