"""Reprieve."""
