"""Real servers on one machine: PostgreSQL, nats-server and Dovecot as supervised child processes.

The launcher (`postroom up`) and the tests (`postroom_shared.testkit`) start them from here. Production uses the
operator's own.
"""
