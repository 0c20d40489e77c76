"""CloudEvents as they travel over HTTP: binary, structured and batch mode, into `Incoming`."""
