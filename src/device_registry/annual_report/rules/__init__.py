"""Pure decisions of the annual report: no await, no clock, no I/O."""
