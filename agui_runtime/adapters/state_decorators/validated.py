"""States that must match a JSON Schema, one schema for each agent."""

from collections.abc import Mapping
from datetime import datetime
from importlib import import_module
from typing import Any

from agui_runtime.adapters.state_decorators.passing import PassingStateStore
from agui_runtime.application.ports import StateStore
from agui_runtime.domain.errors import ConfigurationError, InvalidError
from agui_runtime.domain.identity import AgentName, RunKey, StateKey
from agui_runtime.domain.json_value import JsonObject, JsonValue, check_json, copy_of, is_object
from agui_runtime.domain.policy import StateLimits, check_state
from agui_runtime.domain.state import AgentState

Validator = Any
"""One of the library's; it has no types of its own."""

MAX_REASON = 300
MAX_SCHEMA_DEPTH = 64


class ValidatedStateStore(PassingStateStore):
    """Refuses to save what does not match the schema of its agent. Agents without a schema save what they like.

    What is stored already is loaded as it is, so that a new schema takes nobody's conversation away. Schemas are of
    draft 2020-12 unless their ``$schema`` says otherwise. A ``$ref`` stays within its schema: nothing is fetched.

    Args:
        inner: the store.
        schemas: by agent name.
        limits: those of the store inside; they are looked at first, since a schema cannot be held against a value that
            contains itself.

    Raises:
        ConfigurationError: a schema is wrong, or the library is not installed.
    """

    def __init__(self, inner: StateStore, schemas: Mapping[str, JsonObject], limits: StateLimits) -> None:
        super().__init__(inner)
        self._validators = {name: _validator(name, schema) for name, schema in schemas.items()}
        self._limits = limits

    async def save(
        self,
        key: StateKey,
        values: JsonObject,
        *,
        expected_version: int,
        expires_at: datetime | None = None,
        run: RunKey | None = None,
    ) -> AgentState:
        """Store the next version if it matches the schema and the stored one is ``expected_version``.

        Raises:
            ConflictError: another version is stored.
            InvalidError: the values do not match; ``details["path"]`` says where. Nothing has changed.
            UnavailableError: the store cannot be reached; whether it has saved is not known.
        """
        validator = self._validators.get(key.agent_name)
        if validator is not None:
            check_state(values, self._limits)
            _check(validator, key.agent_name, values)
        return await super().save(key, values, expected_version=expected_version, expires_at=expires_at, run=run)


def _check(validator: Validator, agent_name: str, values: JsonObject) -> None:
    exceptions: Any = import_module("jsonschema.exceptions")
    # Only the first: a long array that is all wrong has an error for each of its items. The library knows but dicts
    # and lists, so it gets a copy.
    first = next(iter(validator.iter_errors(copy_of(values))), None)
    if first is None:
        return
    # Of alternatives that all fail, it picks the one that is nearest.
    error = exceptions.best_match(iter([first])) or first
    path = "state" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.absolute_path)
    # Some reasons quote the whole value.
    reason = error.message if len(error.message) <= MAX_REASON else f"it breaks the rule {error.validator}"
    raise InvalidError(
        f"{path} does not match the schema of {agent_name}: {reason}",
        details={"path": path, "rule": str(error.validator)},
    )


def _validator(name: str, given: JsonObject) -> Validator:
    # Imported late: the library is an extra, and a runtime without schemas works without it.
    try:
        library: Any = import_module("jsonschema")
        referencing: Any = import_module("referencing")
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            "States are to be validated, but the library is missing. Install agui-runtime[validation]."
        ) from error
    schema: Any = _checked(name, given)
    kind: Any = library.validators.validator_for(schema, default=None)
    if "$schema" not in schema:
        kind = library.Draft202012Validator
    if kind is None:
        raise ConfigurationError(f"The schema of {name} has the unknown $schema {schema['$schema']!r}.")
    try:
        kind.check_schema(schema)
    except library.SchemaError as error:
        raise ConfigurationError(f"The schema of {name} is wrong at {error.json_path}: {error.message}") from error
    _check_references(name, schema, kind.META_SCHEMA["$schema"])
    # Its own registry: the library's default one would fetch what it does not know.
    return kind(schema, registry=referencing.Registry())


def _checked(name: str, schema: JsonObject) -> JsonValue:
    try:
        AgentName(name)
        check_json(schema, name=f"The schema of {name}", max_depth=MAX_SCHEMA_DEPTH)
    except InvalidError as error:
        raise ConfigurationError(error.message) from error
    if not is_object(schema):  # pyright: ignore[reportUnnecessaryIsInstance] - hosts pass anything
        raise ConfigurationError(f"The schema of {name} must be a JSON object, not {type(schema).__name__}.")
    return copy_of(schema)


def _check_references(name: str, schema: Any, dialect: str) -> None:
    """Follow every reference once: a dangling one is a fault of today, not of the first save that needs it."""
    referencing: Any = import_module("referencing")
    unknown: Any = import_module("referencing.exceptions")
    specifications: Any = import_module("referencing.jsonschema")
    root: Any = specifications.specification_with(dialect).create_resource(schema)
    pending: list[tuple[Any, Any]] = [(root, referencing.Registry().resolver_with_root(root))]
    while pending:
        resource, resolver = pending.pop()
        reference: Any = resource.contents.get("$ref") if is_object(resource.contents) else None
        try:
            if reference is not None:
                resolver.lookup(reference)
        except (unknown.Unresolvable, unknown.NoSuchResource) as error:
            raise ConfigurationError(
                f"The schema of {name} refers to {reference!r}, which is not in it. (Nothing is fetched.)"
            ) from error
        pending.extend((inner, resolver.in_subresource(inner)) for inner in resource.subresources())
