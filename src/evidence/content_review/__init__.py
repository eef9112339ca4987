"""内容审核: what a device recorded is judged true, clear, complete and accurate before it may be used."""
