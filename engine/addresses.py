"""The addresses of the public listener, as the portal is told them and as the listener answers them."""

EVENTS, INSTALL, ROBOT, TAB = "/portal/events", "/portal/install", "/portal/robot", "/portal/tab"
