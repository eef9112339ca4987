"""年度新增设备报告: drafted from the register as of an instant, checked, signed off, filed, received, added up."""
