"""Image files: their type, their metadata, and opening them safely. No I/O."""
