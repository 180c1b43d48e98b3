"""Steps between 2.1.1 and 2.2.1: owners, embedded locations, words and ids that 2.1.1 lacks."""
