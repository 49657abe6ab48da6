"""An emulated AWS account: moto's server, with the answers it lacks and this platform needs.

One module or package per AWS service extends moto, by `extending`; `stores` has the rules that ElastiCache and MemoryDB
share; `unknown_calls` answers what nobody emulates; `server` puts them together; `python -m sandbox.emulator` runs it.

Some tables of AWS, of versions, families and ranges, stand here and in `components` too. They stay apart on purpose:
the emulator judges what the components declare, and a judge that imports its tables from them would repeat their
mistakes.
"""

# What the starter of the server writes to its standard input once it may outlive the starter.
STAY = b"stay\n"
