"""The worker's wire to Amazon Bedrock: dialects, errors, and the client with its deadlines."""
