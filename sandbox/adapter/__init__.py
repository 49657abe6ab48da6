"""Plugins of the sandbox that the Pulumi engine starts.

They are AWS over the Terraform provider, random values, and the language host.
`toolchain` puts them where the engine looks.
"""

# gRPC options. Neither a configuration, nor a state, nor a captured log has a size worth refusing.
UNLIMITED_MESSAGES = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
