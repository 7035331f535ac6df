"""AWS over HTTP: signed requests, credentials and the services that are called."""
