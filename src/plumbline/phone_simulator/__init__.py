"""`plumbline phone-simulator`: many virtual phones hand in a shift over a bad network, and nothing may be lost."""
