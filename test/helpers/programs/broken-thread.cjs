/** A file of a thread that never comes to run, as after an upgrade under a running app. */
throw new Error('Cannot find module of the thread');
