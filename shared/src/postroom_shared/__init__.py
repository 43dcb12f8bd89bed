"""The floor every Postroom service stands on. It holds no rule of any service."""
