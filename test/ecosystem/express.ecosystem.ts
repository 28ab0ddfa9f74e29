import { bookedOnce, bookOnce } from './book-once.js';
import { createProject, type Project } from './project.js';

/** What users have: the lowest that a peer range allows, what many have not moved up from, and the newest. */
const versions = ['4.17.0', '4.18.2', '4.21', '4.22', '5.0', '5'];

describe.each(versions)('Express %s', (version) => {
  let project: Project;

  beforeAll(async () => {
    project = await createProject(`express ${version}`, [`express@${version}`]);
  });

  it.each(['express.mjs', 'express.cjs'])('notifies the CRM of a booking, in %s', async (program) => {
    expect(await bookOnce(project, program)).toEqual(bookedOnce);
  });
});

describe('an app that has Express 4.18.2', () => {
  it('F17: keeps it when it installs the package, whether pinned or as a range', async () => {
    const pinned = await createProject('express 4.18.2, pinned', [], {
      manifest: { dependencies: { express: '4.18.2', 'prom-client': '14.0.0' } },
    });
    expect([pinned.versionOf('express'), pinned.versionOf('prom-client')]).toEqual(['4.18.2', '14.0.0']);

    const installed = await createProject('express 4.18.2, locked', [], {
      manifest: { dependencies: { express: '^4.18.2' } },
      install: async (project, packages) => {
        const first = await project.run('npm', ['install', 'express@4.18.2', '@types/express@4.17.13']);
        const second = await project.run('npm', ['install', ...packages]);
        return { stdout: first.stdout + second.stdout, stderr: first.stderr + second.stderr };
      },
    });
    expect([installed.versionOf('express'), installed.versionOf('@types/express')]).toEqual(['4.18.2', '4.17.13']);
    expect(await bookOnce(installed, 'express.mjs')).toEqual(bookedOnce);
  });
});
