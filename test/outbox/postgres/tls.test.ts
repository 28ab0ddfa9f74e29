import { chmodSync, chownSync, copyFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { startPostgres, type PostgresServer } from '../../../demo-app/postgres-server.js';
import { unprivilegedUser } from '../../../demo-app/runtime/unprivileged-user.js';
import { hasOpenssl, makeCertificate, type Certificate, type CertificateSubject } from '../../helpers/certificates.js';
import type { ObservedNotifier } from '../../helpers/observed-notifier.js';
import { useTempDirectory } from '../../helpers/temp-directory.js';
import { eventually } from '../../demo-app/eventually.js';
import { describeOnOwnPostgres } from '../../helpers/use-postgres.js';
import { useAppDatabases, usePostgresNotifiers, type OnPostgres } from '../../helpers/use-postgres-notifiers.js';
import { errorOf } from '../../helpers/use-service.js';

const describeWithOpenssl = hasOpenssl() ? describeOnOwnPostgres : describe.skip;

describeWithOpenssl(
  'TLS to the server of an outbox (skipped where there is no openssl to make certificates with)',
  () => {
    const createNotifier = usePostgresNotifiers();
    const connectApp = useAppDatabases();
    const directory = useTempDirectory();
    let plain: PostgresServer;
    let secure: PostgresServer | undefined;
    beforeAll(async () => {
      plain = await startPostgres();
    });
    afterEach(async () => {
      await secure?.close();
      secure = undefined;
    });
    afterAll(() => plain.close());

    const startSecure = async (
      subject: Partial<CertificateSubject> = {},
    ): Promise<Certificate & { readonly url: string }> => {
      const certificate = makeCertificate(directory(), { altName: 'IP:127.0.0.1', ...subject });
      const [certFile, keyFile] = [join(directory(), 'cert.pem'), join(directory(), 'key.pem')];
      const { uid, gid } = unprivilegedUser();
      for (const path of [directory(), certFile, keyFile]) if (uid !== undefined) chownSync(path, uid, gid ?? uid);
      chmodSync(keyFile, 0o600);
      secure = await startPostgres({ settings: { ssl: 'on', ssl_cert_file: certFile, ssl_key_file: keyFile } });
      return { ...certificate, url: secure.url };
    };
    const isEncrypted = async (url: string): Promise<boolean> => {
      const { rows } = await connectApp(url);
      const found = await rows<{ ssl: boolean }>(
        `SELECT s.ssl FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid) WHERE a.application_name = 'express-crm-notifier'`,
      );
      return found.length > 0 && found.every(({ ssl }) => ssl);
    };
    const openedProblem = async (options: OnPostgres): Promise<string> => {
      const app: ObservedNotifier = createNotifier(options);
      const { message } = await errorOf(app.ready());
      expect(app.log.at('error')).toMatchObject([{ message: `CRM outbox: open failed: ${message}` }]);
      return message;
    };

    it('works with an authority of the app’s own, as an option, though the URL says something else', async () => {
      const { url, cert } = await startSecure();
      const app = createNotifier({ url: `${url}?sslmode=disable`, ssl: { ca: cert } });
      await app.ready();
      expect(await isEncrypted(url)).toBe(true);
      expect(app.troubles()).toEqual([]);
    });

    it('works with an authority in a file that the URL names', async () => {
      const { url } = await startSecure();
      await createNotifier({ url: `${url}?sslmode=verify-full&sslrootcert=${directory()}/cert.pem` }).ready();
      expect(await isEncrypted(url)).toBe(true);
    });

    it('says so when that file is missing, also while it runs, and goes on when it is back', async () => {
      const { url } = await startSecure();
      const [file, elsewhere] = [join(directory(), 'ca.pem'), join(directory(), 'moved.pem')];
      copyFileSync(join(directory(), 'cert.pem'), file);
      const app = createNotifier({ url: `${url}?sslrootcert=${file}` });
      await app.ready();
      renameSync(file, elsewhere);
      // Now it needs new connections.
      await secure?.stop('immediate');
      await secure?.start();
      // More than there are connections, so that some are made for those that wait.
      const asked = await Promise.allSettled(Array.from({ length: 20 }, () => app.notifier.processes()));
      expect(asked.map(({ status }) => status)).toEqual(asked.map(() => 'rejected'));
      await eventually('the missing file is reported', () => app.log.text().includes('ENOENT') || undefined);
      expect(await openedProblem({ url: `${url}?sslrootcert=${file}` })).toContain('ENOENT');
      renameSync(elsewhere, file);
      await app.accept('lane');
      expect(app.log.at('error').length).toBeLessThanOrEqual(4);
    });

    it('refuses a self-signed certificate, and names what to pass', async () => {
      const { url } = await startSecure();
      expect(await openedProblem({ url, ssl: true })).toBe(
        'PostgreSQL: the server’s certificate is not trusted; pass its authority as ssl.ca (DEPTH_ZERO_SELF_SIGNED_CERT)',
      );
      await createNotifier({ url, ssl: { rejectUnauthorized: false } }).ready();
      expect(await isEncrypted(url)).toBe(true);
    });

    it('refuses a certificate for another host, unless told under which name the server is known', async () => {
      const { url, cert } = await startSecure({ altName: 'DNS:db.internal' });
      expect(await openedProblem({ url, ssl: { ca: cert } })).toContain('the server’s certificate is for another host');
      await createNotifier({ url, ssl: { ca: cert, servername: 'db.internal' } }).ready();
    });

    it('refuses a certificate that has expired', async () => {
      const { url, cert } = await startSecure({ validity: ['20200101000000Z', '20200102000000Z'] });
      expect(await openedProblem({ url, ssl: { ca: cert } })).toContain(
        'the server’s certificate has expired (CERT_HAS_EXPIRED)',
      );
    });

    it('says so when the server has none', async () => {
      expect(await openedProblem({ url: plain.url, ssl: true })).toBe(
        'PostgreSQL: the server does not support TLS as it is configured; see ssl and sslmode',
      );
    });

    it('says so when the authority is no certificate', async () => {
      const { url } = await startSecure();
      expect(await openedProblem({ url, ssl: { ca: 'no certificate' } })).toContain('ssl.ca');
    });
  },
);
