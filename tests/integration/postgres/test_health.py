"""Health with a database: away, back again, and set up by another version."""
