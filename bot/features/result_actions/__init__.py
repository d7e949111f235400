"""What the buttons do, one file each; every press is a job like any other, or an answer to one person."""
