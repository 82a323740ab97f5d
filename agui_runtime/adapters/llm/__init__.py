"""Language models behind their vendors' SDKs, each an extra: ``openai``, ``anthropic``, ``google``.

One module for each SDK, since importing one needs its extra; what they have in common needs none.
"""

from agui_runtime.adapters.llm.settings import ModelLimits, ModelSettings, ModelTimeouts

__all__ = ["ModelLimits", "ModelSettings", "ModelTimeouts"]
