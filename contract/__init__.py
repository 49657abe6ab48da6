"""The ground floor: facts that several parts must agree on. Standard library only; it imports nothing of ours."""
