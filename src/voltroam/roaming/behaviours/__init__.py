"""What the six plain behaviours of the table do; odd rows name a handler instead."""
