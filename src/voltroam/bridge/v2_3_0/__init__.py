"""Steps between 2.2.1 and 2.3.0: amounts of money, open words, parking, and the hub's parties."""
