"""The answers to the question how to go on with a prompt that is written for another image tool."""
