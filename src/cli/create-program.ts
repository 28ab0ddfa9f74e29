import { Command } from 'commander';
import { version } from '../core/version.js';

/** Under construction. */
export function createProgram(): Command {
  return new Command('crm-notifier').version(version);
}
