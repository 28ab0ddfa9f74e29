import { type Project } from './project.js';

/** What came of a program that makes one booking; `programs/book-once.cjs` prints it. */
export interface Booked {
  readonly status: number;
  readonly sent: readonly unknown[];
  readonly duplicateCount: number;
  readonly pending: number;
  readonly dead: number;
  /** What the program found besides, if it looked at something. */
  readonly inspected?: unknown;
  /** What the program printed that a user would have to look into: every line of standard error, and log lines from WARN on. */
  readonly warnings: readonly string[];
}

/** What every program comes to: one booking was made, its notification is what arrived, and there is no warning. */
export const bookedOnce: Booked = {
  status: 201,
  sent: [
    {
      notification_type: 'booking_created',
      user_id: 123,
      message: 'Booking 456 created',
      additional_data: { booking_id: 456, session_id: 789, action: 'created' },
    },
  ],
  duplicateCount: 0,
  pending: 0,
  dead: 0,
  warnings: [],
};

/** Runs a program of `programs/` that makes one booking. */
export async function bookOnce(
  project: Project,
  program: string,
  command: readonly [string, ...string[]] = [process.execPath],
): Promise<Booked> {
  const [executable, ...args] = command;
  return readBooked(await project.run(executable, [...args, program]));
}

interface Line {
  readonly result?: Omit<Booked, 'warnings'>;
  readonly level?: number | string;
}

/** The result among the lines that a program printed, and its warnings. */
export function readBooked({ stdout, stderr }: { stdout: string; stderr: string }): Booked {
  const lines = stdout.split('\n').filter((line) => line.startsWith('{'));
  const parsed = lines.map((text) => ({ text, line: JSON.parse(text) as Line }));
  const result = parsed.find(({ line }) => line.result !== undefined)?.line.result;
  if (result === undefined) throw new Error(`the program printed no result:\n${stdout}\n${stderr}`);
  const logged = parsed.filter(({ line: { level } }) => (typeof level === 'number' ? level >= 40 : /warn|error/i.test(level ?? '')));
  const complained = stderr.split('\n').filter((line) => line.trim() !== '');
  return { ...result, warnings: [...complained, ...logged.map(({ text }) => text)] };
}
