"""The rows of the operator API, by what they are about."""
