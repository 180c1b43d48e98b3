"""Bytes to calls and replies, and back: pure functions, no socket, no clock."""
