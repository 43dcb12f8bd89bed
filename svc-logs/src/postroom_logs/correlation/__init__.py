"""From events to deliveries: what became of each message for each recipient."""
