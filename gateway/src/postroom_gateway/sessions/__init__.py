"""Sign in, stay signed in, sign out."""
