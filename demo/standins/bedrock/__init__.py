"""A stand-in for Amazon Bedrock: the InvokeModel wire protocol, as strict as the service, with rendered images."""
