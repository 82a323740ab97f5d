"""Who calls, and what is theirs: bearer tokens, and scopes for tenants and owners. JWT is in ``jwt_identity``."""

from agui_runtime.adapters.auth.scopes import OwnerScope, TenantScope
from agui_runtime.adapters.auth.static_tokens import FirstOf, StaticTokens

__all__ = ["FirstOf", "OwnerScope", "StaticTokens", "TenantScope"]
