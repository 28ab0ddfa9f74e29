import { Option, type Command } from 'commander';

const refusal =
  'error: the token is not taken as an argument, because every user of this machine sees the arguments of a process. ' +
  'Set CRM_AUTH_TOKEN, or give --token-file FILE. If it was a real token, replace it';

/** Has a program refuse a token on the command line, wherever in it, without repeating it. */
export function refuseTokenArguments(program: Command): void {
  for (const name of ['token', 'auth-token']) {
    program.addOption(new Option(`--${name} [value]`).hideHelp());
    program.on(`option:${name}`, () => {
      program.error(refusal);
    });
  }
}
