"""*Report* below results and filter notices: moderators read it in the log channel, and act on it there."""
