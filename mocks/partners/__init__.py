"""The companies that play: channels, ERP, warehouses, carriers, notification desk and supply."""
