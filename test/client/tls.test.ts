import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { Agent } from 'undici';
import { CRMConnectionError } from '../../src/index.js';
import { hasOpenssl, makeCertificate, type Certificate, type CertificateSubject } from '../helpers/certificates.js';
import { useTempDirectory } from '../helpers/temp-directory.js';
import { useCrm } from '../helpers/use-crm.js';
import { errorOf, registration, useService } from '../helpers/use-service.js';

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
  const servers: Server[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  const startSecure = async (certificate: Certificate): Promise<SecureCrm> => {
    let requestCount = 0;
    const server = createServer({ key: certificate.key, cert: certificate.cert }, (req, res) => {
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
