"""The ends of processes: a process of the sandbox never outlives the one that started it, unless it is meant to.

Each mechanism rests on a pipe. The starter holds the writing end, and the kernel closes that end when the starter
ends in any way, SIGKILL included. Somebody reads the other end, finds it closed, and acts. There are three mechanisms,
because a process can have one of three kinds of standard input:

- `leash`, for programs of others that read nothing: servers, compilers, the Terraform provider, policy packs. Their
  standard input is the pipe, and a watcher reads it for them. When the starter ends, the process group gets SIGTERM
  and, five seconds later, SIGKILL.
- `guard`, for the engine, whose standard input is the user's terminal. A process of its own reads the pipe. When the
  starter ends, the engine gets SIGINT and has a minute to write its state before SIGKILL.
- `starter`, for Python processes of ours: the emulated account, the language host, the provider plugins, the remover
  of a server's folder. They read the pipe themselves, and each decides what to do.

No one of them can replace another. A leashed command has no terminal and is not in the terminal's process group, which
the engine needs. A guard knows one process, and only after that process has started; a leash holds a whole process
group from its first moment. `starter` needs code inside the process, which programs of others do not have.

Two modules end no process by themselves: `records` finds a process that outlives a command; `ending` ends one that is
not our child.
"""
