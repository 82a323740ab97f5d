"""What users and agents say, into the log: off unless somebody asks for it."""

import logging
from collections.abc import Sequence

from agui_runtime.adapters.codec.messages import encode_messages
from agui_runtime.application.ports import RunHooks
from agui_runtime.application.values import AfterRun, BeforeRun
from agui_runtime.domain.messages import Message

logger = logging.getLogger("agui_runtime.messages")


class LoggedMessages:
    """Hooks that write down what was said, before they do what the host's own hooks do.

    Args:
        inner: the host's hooks, if it has any.
    """

    def __init__(self, inner: RunHooks | None = None) -> None:
        self._inner = inner

    async def before_run(self, before: BeforeRun) -> None:
        """What the client sends.

        Raises:
            Exception: what the host's own raises.
        """
        _write("A run was asked for.", before.messages)
        if self._inner is not None:
            await self._inner.before_run(before)

    async def after_run(self, after: AfterRun) -> None:
        """What the agent said.

        Raises:
            Exception: what the host's own raises.
        """
        _write("A run has answered.", after.output)
        if self._inner is not None:
            await self._inner.after_run(after)


def _write(text: str, messages: Sequence[Message]) -> None:
    logger.info("%s %s", text, said := encode_messages(messages), extra={"messages": said})
