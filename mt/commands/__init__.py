"""The commands: options in, work done, one file each; their command lines are in `arguments`."""
