"""The AG-UI transport of CopilotKit frontends since 1.50: a projection of runs onto SSE (contract agui)."""
