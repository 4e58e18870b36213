"""Speed on this machine: `make bench`. Not a test: nothing here passes or fails."""
