/** A file of a thread that never comes to run. */
throw new Error('Cannot find module of the thread');
