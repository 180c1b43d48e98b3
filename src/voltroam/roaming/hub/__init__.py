"""A node with role HUB: it connects platforms that never exchanged credentials with each other."""
