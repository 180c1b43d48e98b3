"""Signed meter values."""
