"""Use cases and the ports they depend on. Nothing here knows a wire, a driver or the container."""
