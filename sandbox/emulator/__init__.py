"""An emulated AWS account: moto's server, with the answers it lacks and this platform needs.

One module per AWS service extends moto; `unknown_calls` answers what nobody emulates; `server` puts them together;
`python -m sandbox.emulator` runs it.
"""

# What the starter of the server writes to its standard input once it may outlive the starter.
STAY = b"stay\n"
