"""Until when evidence is kept, what holds it beyond that, and how its bytes are disposed of in the end."""
