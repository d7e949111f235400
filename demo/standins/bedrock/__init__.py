"""A stand-in for Amazon Bedrock: the InvokeModel wire protocol, strict as the vendor, its pictures rendered."""
