"""What the bot and the worker mean when they use the same word. Nothing here opens a socket.

Request: what a person asked for, validated. Job: a request with an id, a requester and a place to answer.
Model: a row of the catalogue. Dialect: the JSON that a family of models speaks. Attempt: one call of Bedrock.
Outcome: Generated, Filtered or Failed. Flow: whose turn is being shared out. Lane: prepare or generate.
Commands ask, events tell.
"""

__version__ = "0.1.0"
