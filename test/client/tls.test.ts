import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { Agent } from 'undici';
import { CRMConnectionError, CRMNotificationService } from '../../src/index.js';
import { hasOpenssl, makeCertificate, type Certificate, type CertificateSubject } from '../helpers/certificates.js';
import { createLogCollector } from '../helpers/log-collector.js';
import { testToken } from '../helpers/observed-notifier.js';
import { useTempDirectory } from '../helpers/temp-directory.js';
import { useCrm } from '../helpers/use-crm.js';
import { errorOf, registration, useService } from '../helpers/use-service.js';
import { builtPackage } from '../post-office/built-thread.js';

/** A CRM behind https, and how many requests got through to it. */
interface SecureCrm {
  readonly url: string;
  readonly port: number;
  readonly requestCount: () => number;
}

const describeWithOpenssl = hasOpenssl() ? describe : describe.skip;

describeWithOpenssl('case 50: TLS (skipped where there is no openssl to make certificates with)', () => {
  const create = useService();
  const startPlain = useCrm();
  const directory = useTempDirectory();
  const outboxDirectory = useTempDirectory();
  const servers: Server[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  const startSecure = async (certificate: Certificate, needsClient = false): Promise<SecureCrm> => {
    let requestCount = 0;
    const { key, cert } = certificate;
    const ofClient = needsClient ? { ca: cert, requestCert: true, rejectUnauthorized: true } : {};
    const server = createServer({ key, cert, ...ofClient }, (req, res) => {
      requestCount += 1;
      req.resume().on('end', () => res.end('{"status":"success"}'));
    });
    servers.push(server.listen(0, '127.0.0.1'));
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    return { url: `https://127.0.0.1:${String(port)}`, port, requestCount: () => requestCount };
  };

  it('works with a certificate authority of the caller’s own, given by a dispatcher', async () => {
    const certificate = makeCertificate(directory(), { altName: 'IP:127.0.0.1' });
    const crm = await startSecure(certificate);
    const dispatcher = new Agent({ connect: { ca: certificate.cert } });
    const { service } = create({ baseUrl: crm.url, dispatcher });
    expect(await service.sendNotification(registration)).toEqual({ status: 'success' });
    await dispatcher.close();
  });

  it('works with a certificate authority and a client certificate as plain options, also in the thread', async () => {
    const certificate = makeCertificate(directory(), { altName: 'IP:127.0.0.1' });
    const crm = await startSecure(certificate, true);
    const { cert, key } = certificate;
    const { service } = create({ baseUrl: crm.url, tls: { ca: [cert], cert, key } });
    expect(await service.sendNotification(registration)).toEqual({ status: 'success' });
    expect(
      await errorOf(create({ baseUrl: crm.url, tls: { ca: cert } }).service.sendNotification(registration)),
    ).toBeInstanceOf(CRMConnectionError);
    const log = createLogCollector();
    const options = { baseUrl: crm.url, authToken: testToken, env: {}, logger: log, outbox: outboxDirectory() };
    await using notifier = builtPackage().createNotifier({ ...options, tls: { ca: cert, cert, key } });
    await notifier.notify(registration);
    expect(await notifier.flush()).toMatchObject({ delivered: 1 });
    expect(log.at('warn')).toEqual([]);
    expect(JSON.stringify(log.lines)).not.toContain('BEGIN');
  });

  it.each<[string, object]>([
    ['as PEM', { ca: '/etc/ssl/ca.pem' }],
    ['both cert and key', { cert: '-----BEGIN CERTIFICATE-----' }],
    ['cannot be read', { cert: '-----BEGIN CERTIFICATE-----\nx', key: '-----BEGIN PRIVATE KEY-----\ngeheim' }],
    ['only ca, cert and key', { rejectUnauthorized: false }],
  ])('refuses certificates that cannot be used: %s', (problem, tls) => {
    const make = () => new CRMNotificationService({ env: {}, authToken: testToken, tls, logger: createLogCollector() });
    expect(make).toThrow(problem);
    expect(make).not.toThrow('geheim');
  });

  it('refuses a self-signed certificate', async () => {
    const crm = await startSecure(makeCertificate(directory(), { altName: 'IP:127.0.0.1' }));
    const { service } = create({ baseUrl: crm.url });
    const error = await errorOf(service.sendNotification(registration));
    expect(error).toBeInstanceOf(CRMConnectionError);
    expect(error).toMatchObject({ retryable: true, reason: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
    expect(error.message).toContain('the TLS certificate or handshake was refused');
    expect(await service.testConnection()).toBe(false);
    expect(crm.requestCount()).toBe(0);
  });

  it.each<[what: string, subject: CertificateSubject, reason: string]>([
    ['of another host', { altName: 'DNS:other.test' }, 'ERR_TLS_CERT_ALTNAME_INVALID'],
    [
      'that has expired',
      { altName: 'IP:127.0.0.1', validity: ['20200101000000Z', '20200102000000Z'] },
      'CERT_HAS_EXPIRED',
    ],
  ])('refuses a trusted certificate %s', async (_what, subject, reason) => {
    const certificate = makeCertificate(directory(), subject);
    const crm = await startSecure(certificate);
    const dispatcher = new Agent({ connect: { ca: certificate.cert } });
    const { service } = create({ baseUrl: crm.url, dispatcher });
    const error = await errorOf(service.sendNotification(registration));
    expect(error).toMatchObject({ code: 'ERR_CRM_CONNECTION', reason });
    expect(error.message).toContain('the TLS certificate or handshake was refused');
    expect(crm.requestCount()).toBe(0);
    await dispatcher.destroy();
  });

  it('fails on a plain http CRM asked by https, and says that TLS is at fault', async () => {
    const crm = await startPlain();
    const { service } = create({ baseUrl: `https://127.0.0.1:${crm.port}` });
    const error = await errorOf(service.sendNotification(registration));
    expect(error).toBeInstanceOf(CRMConnectionError);
    expect(error.message).toContain('the TLS certificate or handshake was refused');
    expect(crm.received).toEqual([]);
  });

  it('fails on an https CRM asked by plain http', async () => {
    const crm = await startSecure(makeCertificate(directory(), { altName: 'IP:127.0.0.1' }));
    const { service } = create({ baseUrl: `http://127.0.0.1:${crm.port}` });
    expect(await errorOf(service.sendNotification(registration))).toMatchObject({
      code: expect.stringMatching(/^ERR_CRM_(CONNECTION|HTTP)$/),
    });
    expect(crm.requestCount()).toBe(0);
  });
});
