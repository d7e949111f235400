"""Imagine."""
