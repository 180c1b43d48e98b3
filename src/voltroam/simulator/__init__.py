"""A believable city and what happens in it: pure generation, the same for the same seed."""
