"""What a system is tested on."""
