"""The offline demo: an agent that needs no model, a tool, and the page that talks to them over the real wire."""
