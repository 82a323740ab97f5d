"""Requests as identities see them."""

from agui_runtime.application.values import RequestFacts


def facts(authorization: str | None = None) -> RequestFacts:
    headers = {} if authorization is None else {"authorization": authorization}
    return RequestFacts("POST", "", headers, "127.0.0.1")
