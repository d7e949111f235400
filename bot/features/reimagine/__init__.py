"""The message command “Reimagine” generates a picture from one in any message."""
