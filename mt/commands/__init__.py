"""The commands: options in, work done; one file each."""
