"""The commands, one file each, and what Discord is told about them."""
