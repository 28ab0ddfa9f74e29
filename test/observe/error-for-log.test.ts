import { PassThrough } from 'node:stream';
import { pino } from 'pino';
import { CRMOutboxError, errorDataOf, type CRMNotificationError, type ErrorData } from '../../src/core/errors.js';
import { errorForLog } from '../../src/telemetry/error-for-log.js';

/** The field `err` of the line that pino writes. */
function logged(error: CRMNotificationError | ErrorData): unknown {
  const stream = new PassThrough().setEncoding('utf8');
  pino(stream).error({ err: errorForLog(error) }, 'it failed');
  return (JSON.parse(String(stream.read())) as { err: unknown }).err;
}

const cause = new Error('SELECT with a secret');

describe('F24: an error in a log line', () => {
  it('has its class, its stack and its fields, but not its cause', () => {
    const error = new CRMOutboxError('the disk is full', { cause });
    expect(logged(error)).toEqual({
      type: 'CRMOutboxError',
      message: 'the disk is full',
      stack: error.stack,
      code: 'ERR_CRM_OUTBOX',
      retryable: true,
    });
    expect(JSON.stringify(errorForLog(error))).not.toContain('secret');
  });

  it('is the same for one that came from the thread as data', () => {
    const data = errorDataOf(Object.assign(new Error('no space left'), { code: 'ENOSPC' }));
    expect(logged(data)).toEqual({
      type: 'Error',
      message: 'no space left',
      stack: 'Error: no space left',
      code: 'ENOSPC',
    });
    const own = errorDataOf(new CRMOutboxError('the disk is full', { cause }));
    expect(logged(own)).toMatchObject({ type: 'CRMOutboxError', stack: 'CRMOutboxError: the disk is full' });
  });

  it('is plain data for a logger that writes JSON itself', () => {
    expect(JSON.parse(JSON.stringify(errorForLog(new CRMOutboxError('the disk is full'))))).toEqual({
      name: 'CRMOutboxError',
      message: 'the disk is full',
      code: 'ERR_CRM_OUTBOX',
      retryable: true,
    });
  });
});
