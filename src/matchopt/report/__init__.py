"""What a plan says, for people: looks, touches nothing."""
