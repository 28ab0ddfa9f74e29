import { bookedOnce, readBooked } from './book-once.js';
import { createProject, type Output, type Project } from './project.js';

const json = /^\{(?=.*"notificationId":"[-0-9a-f]{36}")(?=.*"(msg|message)":"CRM notification sent").*\}$/m;
const text = /CRM notification sent[^]*notificationId[^]*[-0-9a-f]{36}/;

/** The packages to install for each logger, and how its line about the notification that was sent looks. */
const cases = [
  { name: 'winston', packages: 'winston@3', line: json },
  { name: 'pino', packages: 'pino@10', line: json },
  { name: 'pino', packages: 'pino@9', line: json },
  { name: 'pino-http', packages: 'pino-http@11 pino@10', line: json },
  { name: 'log4js', packages: 'log4js@6', line: text },
  { name: 'consola', packages: 'consola@3', line: text },
  { name: 'console', packages: 'express@5', line: text },
];

describe.each(cases)('the logger $name, with $packages', ({ name, packages, line }) => {
  let project: Project;
  let output: Output;

  beforeAll(async () => {
    project = await createProject(`logger ${name}, ${packages}`, ['express@5', ...packages.split(' ')]);
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
