"""Adapters: what connects the application to wires, stores, agents and the system."""
