"""Where counts and times go."""
