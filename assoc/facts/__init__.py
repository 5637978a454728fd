"""What is to be stored: maps, laws of inputs, tables, the factual recall task, told facts."""
