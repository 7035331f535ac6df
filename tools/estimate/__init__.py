"""What an event costs on AWS, and which quota it meets first."""
