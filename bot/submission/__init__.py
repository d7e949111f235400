"""Submits requests for commands, buttons and forms: validate, acknowledge, record, enqueue."""
