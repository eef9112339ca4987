"""畸高: devices that captured or were refused far more in a week than before, or than others of their kind."""
