"""The plain answers to small ports: the system's clock, random ids, fixed catalogues, no identity."""
