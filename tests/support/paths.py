"""Which of the two ways through GraphQL a test server takes.

``AGUI_TEST_GRAPHQL=core`` lets graphql-core execute everything, so that any test can be run over both ways.
"""

import os

from agui_runtime.composition.container import RuntimeContainer

VARIABLE = "AGUI_TEST_GRAPHQL"


def on_the_chosen_path(container: RuntimeContainer) -> RuntimeContainer:
    """The same container; without compiled plans if the environment says so."""
    chosen = os.environ.get(VARIABLE, "plan")
    if chosen not in {"plan", "core"}:
        raise ValueError(f"{VARIABLE} is {chosen!r}; it must be 'plan' or 'core'.")
    if chosen == "core":
        container.graphql_endpoint.add_kwargs(compiles=False)
    return container
