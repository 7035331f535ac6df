"""What an account has and lacks for a stage, asked before anything is deployed."""
