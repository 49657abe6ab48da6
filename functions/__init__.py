"""What runs in AWS Lambda. Each module is one function; what it needs of the program is packed with it."""
