import type { Command } from 'commander';
import { UsageFailure } from './cli-failure.js';
import { notificationIds } from './outbox-id.js';

/** Which dead letters a command is about: these, or all of them. */
export interface ChoiceOptions {
  readonly all?: true;
  readonly yes?: true;
}

export function addChoice(command: Command): Command {
  return command
    .argument('[ids...]', 'their ids', notificationIds)
    .option('--all', 'every dead letter')
    .option('--yes', 'with --all: do not ask');
}

/** The ids that were given; undefined for all. Throws `UsageFailure` unless it is one or the other. */
export function chosenIds({ all }: ChoiceOptions, [ids]: readonly unknown[]): readonly string[] | undefined {
  const given = (ids ?? []) as readonly string[];
  if (all === true && given.length > 0) throw new UsageFailure('give ids, or --all, and not both');
  if (all !== true && given.length === 0) throw new UsageFailure('give the ids of dead letters, or --all');
  return all === true ? undefined : given;
}
