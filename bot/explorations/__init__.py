"""Explorations: one idea generated several times, shown in one message that fills with its pictures."""
