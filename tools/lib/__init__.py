"""What the commands in tools/ are made of: not commands themselves."""
