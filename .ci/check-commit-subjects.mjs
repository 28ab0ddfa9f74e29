// Checks that the subjects of new commits have at most 72 characters. New are those since the base below: many before it
// are longer, and published history stays as it is. Merges are git's own words. Where git, a repository or the base is
// missing, as in a shallow clone or an unpacked archive, there is nothing to check.

import { spawnSync } from 'node:child_process';

const base = process.argv[2] ?? 'efdd1f2757595b65714a44d99a6c1a16f4bdeda8';
const maxLength = 72;

const log = spawnSync('git', ['log', '--no-merges', '--format=%h %s', `${base}..HEAD`], { encoding: 'utf8' });
if (log.status === 0) {
  const commits = log.stdout.split('\n').filter((line) => line !== '');
  const subjects = commits.map((line) => line.slice(line.indexOf(' ') + 1));
  const tooLong = commits.filter((_line, index) => [...subjects[index]].length > maxLength);
  for (const commit of tooLong) console.error(`subject of more than ${maxLength} characters: ${commit}`);
  if (tooLong.length > 0) process.exitCode = 1;
} else {
  console.log(`Commit subjects are not checked: git does not know ${base.slice(0, 7)} here.`);
}
