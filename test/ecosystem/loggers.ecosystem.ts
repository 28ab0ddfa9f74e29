import { bookedOnce, readBooked } from './book-once.js';
import { createProject, type Output, type Project } from './project.js';

/** The packages to install for each logger, and how its line about the notification that was sent looks. */
const json = /^\{.*"notificationId":"[-0-9a-f]{36}".*"(msg|message)":"CRM notification sent".*\}$/m;
const jsonMessageAnywhere = /^\{(?=.*"notificationId":"[-0-9a-f]{36}")(?=.*"message":"CRM notification sent").*\}$/m;
const text = /CRM notification sent[^]*notificationId[^]*[-0-9a-f]{36}/;
const loggers: readonly (readonly [name: string, packages: readonly string[], line: RegExp])[] = [
  ['winston', ['winston@3'], jsonMessageAnywhere],
  ['pino', ['pino@10'], json],
  ['pino', ['pino@9'], json],
  ['pino-http', ['pino-http@11', 'pino@10'], json],
  ['log4js', ['log4js@6'], text],
  ['consola', ['consola@3'], text],
  ['console', [], text],
];

describe.each(loggers)('the logger %s (%s)', (name, packages, line) => {
  let project: Project;
  let output: Output;

  beforeAll(async () => {
    project = await createProject(`logger ${name} ${packages.join(' ')}`, ['express@5', ...packages]);
    output = await project.run(process.execPath, ['loggers.cjs', name]);
  });

  it('lets a booking arrive without a warning', () => {
    expect(readBooked(output)).toEqual(bookedOnce);
    expect(output.stdout).not.toMatch(/\b(WARN|ERROR)\b/i);
  });

  it('F6: has each line with its message and its fields', () => {
    expect(output.stdout).toMatch(line);
    expect(output.stdout).not.toContain('[object Object]');
  });
});
