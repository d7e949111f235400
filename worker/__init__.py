"""The worker: prepares pictures, and calls the models on Amazon Bedrock."""
