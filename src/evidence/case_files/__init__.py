"""案卷: a case and what it rests on. Only evidence that counts can be attached."""
