"""Decides who is told what, and when."""
