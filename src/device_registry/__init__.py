"""Which device, standing where, verified when and by whom; whether it was in standing at a moment."""
