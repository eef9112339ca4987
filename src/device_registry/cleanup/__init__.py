"""专项清理规范: a campaign over the monitoring devices of a unit, a conclusion each (国发〔2024〕5号)."""
