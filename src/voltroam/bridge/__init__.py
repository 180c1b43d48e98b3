"""One version's objects as another's, by named steps, each telling what it did in notes."""
