"""A request for every field of GraphQL's roots."""

from typing import Any

from tests.integration.access.world import THREAD
from tests.support.graphql_client import chat

STATE_FIELDS = "threadExists state messages stateFound"
OPERATIONS: dict[str, Any] = {
    "hello": {"query": "{ hello }"},
    "availableAgents": {"query": "{ availableAgents { agents { name } } }"},
    "runtimeInfo": {"query": "{ runtimeInfo { version } }"},
    "loadAgentState": {
        "query": f'{{ loadAgentState(data: {{threadId: "{THREAD}", agentName: "notes", includeHistory: true}}) '
        f"{{ {STATE_FIELDS} }} }}"
    },
    "agentStates": {"query": f'{{ agentStates(threadId: "{THREAD}") {{ agentName }} }}'},
    "metaEvents": {"query": f'{{ metaEvents(threadId: "{THREAD}") {{ eventId }} }}'},
    "generateCopilotResponse": chat("hello", thread=THREAD, agent="notes"),
    "saveAgentState": {
        "query": f'mutation {{ saveAgentState(data: {{threadId: "{THREAD}", agentName: "notes", '
        'stateData: "{\\"mine\\":1}"}) { success version errorCode } }'
    },
    "deleteAgentState": {
        "query": f'mutation {{ deleteAgentState(data: {{threadId: "{THREAD}", agentName: "notes"}}) '
        "{ success existed errorCode } }"
    },
    "executeAgent": {
        "query": f'mutation {{ executeAgent(data: {{threadId: "{THREAD}", agentName: "notes", input: "hello"}}) '
        "{ status } }"
    },
}
