"""Digital calibration certificates (DCC, XML as PTB defines it): read, their signature checked, set beside a device."""
