import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A self-signed certificate and its key, as PEM. */
export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

export interface CertificateSubject {
  /** As OpenSSL writes a subject alternative name: `IP:127.0.0.1`, `DNS:crm.test`. */
  readonly altName: string;
  /** From when to when it holds, as `YYYYMMDDHHMMSSZ`; a day from now on otherwise. */
  readonly validity?: readonly [from: string, to: string];
}

export function hasOpenssl(): boolean {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Makes a certificate with the openssl of this machine, its files in `directory`. */
export function makeCertificate(directory: string, { altName, validity }: CertificateSubject): Certificate {
  const keyFile = join(directory, 'key.pem');
  const certFile = join(directory, 'cert.pem');
  const run = (...args: readonly string[]): void => {
    execFileSync('openssl', args, { cwd: directory, stdio: 'pipe' });
  };
  run('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', keyFile);
  const common = ['-key', keyFile, '-subj', '/CN=test', '-addext', `subjectAltName=${altName}`];
  if (validity === undefined) {
    run('req', '-new', '-x509', ...common, '-days', '1', '-out', certFile);
  } else {
    // The only command of OpenSSL 3.0 that takes dates is `ca`, and it wants its own files.
    for (const [name, text] of Object.entries({ 'ca.conf': caConfig, 'index.txt': '', serial: '01' })) {
      writeFileSync(join(directory, name), text);
    }
    run('req', '-new', ...common, '-out', 'request.pem');
    const dates = ['-startdate', validity[0], '-enddate', validity[1]];
    run(
      'ca',
      '-batch',
      '-selfsign',
      '-config',
      'ca.conf',
      '-keyfile',
      keyFile,
      ...dates,
      '-in',
      'request.pem',
      '-out',
      certFile,
    );
  }
  return { key: readFileSync(keyFile, 'utf8'), cert: readFileSync(certFile, 'utf8') };
}

const caConfig = `[ca]
default_ca = own
[own]
database = index.txt
serial = serial
new_certs_dir = .
default_md = sha256
policy = any
copy_extensions = copy
[any]
commonName = supplied
`;
