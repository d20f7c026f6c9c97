"""Tests: a file a stage, and the repository's own checks."""
