"""Every sentence that a person or an operator reads, in every language."""
