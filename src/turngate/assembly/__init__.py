"""The composition of the proxy: the only room that knows all rooms, and decides nothing by itself."""
