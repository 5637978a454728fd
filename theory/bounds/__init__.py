"""How many bits any model needs: bounds for laws of inputs and for tables, and accounts of bits."""
