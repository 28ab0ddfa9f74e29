import { resolve } from 'node:path';
import { StartError } from './run-main.js';

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

export interface PortSetting {
  readonly variable: string;
  /** 0 is any free port. */
  readonly port: number;
  /** Whether the user chose this port. Only a default may be replaced by a free one. */
  readonly configured: boolean;
}

export const DEFAULT_CRM_PORT = 5001;
export const DEFAULT_BOOKING_PORT = 3000;
const DEFAULT_CRM_AUTH_TOKEN = 'your-secret-token';

export function readPort(environment: Environment, variable: string, defaultPort: number): PortSetting {
  const value = environment[variable];
  if (value === undefined || value === '') return { variable, port: defaultPort, configured: false };
  const port = Number(value);
  if (!/^\d{1,5}$/.test(value) || port > 65_535) {
    throw new StartError(`${variable} must be a port from 0 (any free one) to 65535, not "${value}".`);
  }
  return { variable, port, configured: true };
}

export function readCrmAuthToken(environment: Environment): string {
  return environment['CRM_AUTH_TOKEN'] || DEFAULT_CRM_AUTH_TOKEN;
}

/** The directory for the demo's files: DEMO_DATA_DIR, or `data` in the demo's own directory. */
export function readDataDirectory(environment: Environment, demoDirectory: string): string {
  return resolve(environment['DEMO_DATA_DIR'] || resolve(demoDirectory, 'data'));
}
