"""The demo's server-side tool: dice, because a result that is not in the question shows where it was made."""

import random
from typing import Any

from agui_runtime.domain.errors import InvalidError
from agui_runtime.domain.json_value import JsonObject, JsonValue
from agui_runtime.domain.tools import ServerTool, Tool

ROLL_DICE = "rollDice"
MAX_DICE = 10
MAX_SIDES = 100

_PARAMETERS: JsonObject = {
    "type": "object",
    "properties": {
        "count": {"type": "integer", "description": f"How many dice, 1 to {MAX_DICE}", "default": 1},
        "sides": {"type": "integer", "description": f"Sides of each, 2 to {MAX_SIDES}", "default": 6},
    },
    "required": [],
}


def roll_dice(*, seed: int = 20) -> ServerTool:
    """A tool whose rolls differ from each other and are the same in every process that starts from the same seed."""
    dice = random.Random(seed)  # noqa: S311 - a game, and the same rolls for the same seed are wanted

    async def roll(arguments: dict[str, Any]) -> JsonValue:
        count = _whole_number(arguments, "count", default=1, low=1, high=MAX_DICE)
        sides = _whole_number(arguments, "sides", default=6, low=2, high=MAX_SIDES)
        rolls = [dice.randint(1, sides) for _ in range(count)]
        return {"rolls": rolls, "total": sum(rolls)}

    return ServerTool(Tool(ROLL_DICE, "Rolls dice on the server.", _PARAMETERS), roll)


def _whole_number(arguments: dict[str, Any], name: str, *, default: int, low: int, high: int) -> int:
    value = arguments.get(name, default)
    # bool is an int to Python, and "true dice" is none of ours.
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise InvalidError(f"{name} must be a whole number from {low} to {high}.")
    return value
