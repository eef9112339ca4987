"""Lists of devices that somebody has to do something about, and the verifications planned for them."""
