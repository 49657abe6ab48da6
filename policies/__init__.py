"""The policy pack: what must hold of retention and safety on AWS, whoever wrote the program."""
