"""Puts the pieces together: settings, container, application, command line."""
