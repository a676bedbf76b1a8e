"""Insights: what is worth telling a user, in which words, and in which state."""
