import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { useCli, type CliProgram } from './cli-program.js';

export interface CrmCommand {
  readonly crm: CliProgram;
  readonly url: string;
}

/** Starts `crm-notifier crm --json`, each on a free port. Those still running after a test are killed. */
export function useCrmCommand(): (...args: readonly string[]) => Promise<CrmCommand> {
  const startCli = useCli();
  return async (...args) => {
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const { port } = holder.address() as AddressInfo;
    holder.close();
    await once(holder, 'close');
    const crm = startCli(['crm', '--port', String(port), '--json', ...args]);
    await crm.printed('"listening"');
    return { crm, url: `http://127.0.0.1:${String(port)}` };
  };
}
