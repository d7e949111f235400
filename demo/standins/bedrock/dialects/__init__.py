"""The two JSON languages that Stability's models speak on Bedrock."""
