"""Pass requests on to the services, octet by octet, in both directions."""
