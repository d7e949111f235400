"""The JSON dialects of Stability's models on Bedrock."""
