"""Everything in a PostgreSQL database, so that it outlives the process. Needs the extra ``agui-runtime[postgres]``."""

from agui_runtime.adapters.postgres.database import PostgresDatabase, PostgresSettings
from agui_runtime.adapters.postgres.health import Finding, Health
from agui_runtime.adapters.postgres.migrate import Migrator
from agui_runtime.adapters.postgres.run_log import PostgresRunLog
from agui_runtime.adapters.postgres.state_store import PostgresStateStore
from agui_runtime.adapters.postgres.thread_directory import PostgresThreadDirectory

__all__ = [
    "Finding",
    "Health",
    "Migrator",
    "PostgresDatabase",
    "PostgresRunLog",
    "PostgresSettings",
    "PostgresStateStore",
    "PostgresThreadDirectory",
]
