import { spawnSync } from 'node:child_process';
import { testVariants } from './test-variants.js';

const canLimitFiles = spawnSync('prlimit', ['--version']).status === 0;

describe('the crash audit (case 64), further variants', () => {
  testVariants([
    { of: 'an app', args: [] },
    { of: 'an app whose post office runs in its own thread', args: ['--inline'] },
    ...(canLimitFiles ? [{ of: 'an app whose disk is full now and then (case 68)', args: ['--disk-full'] }] : []),
    {
      of: 'an app that stands still for longer than holdMs',
      args: ['--stalls'],
      happened: /^(busy loops|stops) beyond holdMs +[1-9]/m,
    },
    {
      of: 'an app whose CRM never takes some bookings',
      args: ['--poison'],
      kills: 6,
      happened: /^calm times +[1-9]/m,
    },
    {
      of: 'an app whose files are deleted and replaced',
      args: ['--file-faults'],
      kills: 8,
      happened: /^longest until a fault was noticed +\d+ ms/m,
    },
    { of: 'an app with two targets and batches', args: ['--two-targets', '--batches', '--faults'] },
    {
      of: 'an app with two targets whose CRM never takes some bookings of a batch',
      args: ['--two-targets', '--batches', '--poison'],
      kills: 6,
      happened: /^calm times +[1-9]/m,
    },
    { of: 'an app whose clock jumps', args: ['--clock-jumps'], happened: /^jumps of the clock +[1-9]/m },
  ]);
});
