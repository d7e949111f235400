"""The client for Amazon Bedrock: the dialects of its models, its errors, and a deadline for every call."""
