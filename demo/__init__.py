"""The demo: stand-ins for Discord and Bedrock, and one command that starts everything.

Nothing here imports the product. Errors of the demo itself derive from `DemoError`; the stand-ins have error classes of
their own, which model the errors of the services.
"""


class DemoError(Exception):
    """Base class of the demo's errors; the message is for its user."""
