/** The kind of a thrown value and where it was thrown: `TypeError at file.js:10:5`. */
export function describeThrown(error: unknown): string {
  try {
    if (!(error instanceof Error)) return 'something that is no Error';
    return `${/^\w{1,64}$/.test(error.name) ? error.name : 'an Error'}${placeOf(error)}`;
  } catch {
    // One of its getters, or a proxy, throws in turn.
    return 'something that cannot be read';
  }
}

/** The first frame of an error's stack. The message comes before the frames and may contain lines that look like one. */
function placeOf({ message, stack = '' }: Error): string {
  const messageAt = stack.indexOf(message);
  const frames = messageAt === -1 ? '' : stack.slice(messageAt + message.length);
  const frame = /^\s+(at .{1,256})$/m.exec(frames)?.[1];
  return frame === undefined ? '' : ` ${frame}`;
}
