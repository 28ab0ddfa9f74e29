import { readFileSync } from 'node:fs';
import { join } from 'node:path';

describe('the example in docs/testing.md', () => {
  it.each(['app.ts', 'bookings.test.ts'])('is the same as %s here, which is run', (name) => {
    const page = readFileSync(join(__dirname, '../../../docs/testing.md'), 'utf8');
    expect(page).toContain(readFileSync(join(__dirname, name), 'utf8'));
  });
});
