"""The control room: a running world as people and programs watch and steer it."""
